/** Squares of one size, many in one piece of memory. */
import { totalmem } from 'node:os';
import { ConfigError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import type { PixelData } from '../decode.ts';
import type { Square } from './square.ts';

export interface PixelLayout {
  /** Width and height, pixels. */
  readonly size: number;
  readonly channels: number;
  readonly depth: 'uint8' | 'float32';
}

export interface PixelBlock extends PixelLayout {
  /** `[count, size, size, channels]`, 0 to 255. */
  readonly data: PixelData;
  readonly count: number;
  /** `[count]`, pixels: the true width and height of what each square shows. */
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
}

/** Values of one square. */
export function rowLength({ size, channels }: PixelLayout): number {
  return size * size * channels;
}

export function rowBytes(layout: PixelLayout): number {
  return rowLength(layout) * (layout.depth === 'uint8' ? 1 : 4);
}

/** Room for `count` squares. */
export function newBlock(layout: PixelLayout, count: number): PixelBlock {
  const { size, channels, depth } = layout;
  const length = count * rowLength(layout);
  const data = depth === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
  return { size, channels, depth, data, count, widths: new Uint32Array(count), heights: new Uint32Array(count) };
}

/** Copies a square into a row, and releases it. */
export function setRow(block: PixelBlock, row: number, { data, width, height, release }: Square): void {
  block.data.set(data, row * rowLength(block));
  release?.();
  block.widths[row] = width;
  block.heights[row] = height;
}

export function clearRow(block: PixelBlock, row: number): void {
  const length = rowLength(block);
  block.data.fill(0, row * length, (row + 1) * length);
  block.widths[row] = 0;
  block.heights[row] = 0;
}

/** A square of a block, in the block's memory. */
export function squareAt(block: PixelBlock, row: number): Square {
  const length = rowLength(block);
  const data = block.data.subarray(row * length, (row + 1) * length);
  return { data, width: block.widths[row]!, height: block.heights[row]! };
}

export function layoutOf({ channels, depth = 'uint8' }: Dataset, size: number): PixelLayout {
  return { size, channels, depth };
}

export function checkSize(who: string, size: number): void {
  if (!Number.isInteger(size) || size < 1)
    throw new ConfigError(`${who}: size must be a positive whole number of pixels; got ${size}`);
}

/** @throws ConfigError when the squares are more than this machine's memory. */
export function checkMemory(who: string, count: number, layout: PixelLayout, fix: string): void {
  const [needed, available] = [count * rowBytes(layout), totalmem()];
  if (needed <= available) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new ConfigError(
    `${who}: the pixels must fit into memory; got ${count} pictures of ${layout.size} x ${layout.size}, ` +
      `${gigabytes(needed)} for ${gigabytes(available)}; ${fix}`,
  );
}
