/**
 * A file of a pixel cache: the values of its squares, their widths and heights (uint32), what could not be read (JSON), the length of that JSON
 * (uint32), and the SHA-256 of everything before it. Numbers are little-endian, as on every machine that the engine runs on.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { writeAtomic } from '../../io/atomic-file.ts';
import { type PixelBlock, type PixelLayout, rowBytes } from './pixel-block.ts';

const HASH_BYTES = 32;
const LENGTH_BYTES = 4;

/** Place in the block and reason, of each picture that cannot be read. */
export type Unreadable = readonly (readonly [row: number, reason: string])[];

export interface BlockTail {
  /** `[rows]`, pixels. */
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
  readonly unreadable: Unreadable;
}

export async function writeBlockFile(path: string, block: PixelBlock, unreadable: Unreadable): Promise<void> {
  const json = Buffer.from(JSON.stringify(unreadable));
  const parts = [bytesOf(block.data), bytesOf(block.widths), bytesOf(block.heights), json];
  parts.push(bytesOf(Uint32Array.of(json.length)));
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  parts.push(hash.digest());
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  await writeAtomic(
    path,
    async sink => {
      for (const part of parts) await sink.write(part);
    },
    { bytes },
  );
}

/** Everything but the pixels, or `undefined` where the file is not there or has another form. */
export async function readBlockTail(path: string, layout: PixelLayout, rows: number): Promise<BlockTail | undefined> {
  const file = await open(path).catch(() => undefined);
  try {
    return file && (await tailOf(file, rows * rowBytes(layout), rows));
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function tailOf(file: FileHandle, start: number, rows: number): Promise<BlockTail> {
  const { size } = await file.stat();
  const tail = await readAt(file, start, size - start);
  const at = 8 * rows;
  const json = tail.subarray(at, tail.length - HASH_BYTES - LENGTH_BYTES);
  if (tail.readUInt32LE(at + json.length) !== json.length) throw new Error('another form');
  return {
    widths: numbers(tail.subarray(0, 4 * rows)),
    heights: numbers(tail.subarray(4 * rows, at)),
    unreadable: JSON.parse(json.toString()) as Unreadable,
  };
}

/** Whether the file's bytes are those that were written. */
export async function isSoundBlock(path: string): Promise<boolean> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes || bytes.length < HASH_BYTES) return false;
  const end = bytes.length - HASH_BYTES;
  return createHash('sha256').update(bytes.subarray(0, end)).digest().equals(bytes.subarray(end));
}

/** Reads `length` bytes from `position` on. @throws Error when the file ends before. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await readInto(file, position, buffer);
  return buffer;
}

export async function readInto(file: FileHandle, position: number, into: Uint8Array): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new Error('the file ends too early');
    done += bytesRead;
  }
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

function numbers(bytes: Buffer): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}
