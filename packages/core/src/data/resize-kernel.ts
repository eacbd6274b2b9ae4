/** The arithmetic of resizing, in WebAssembly (`wasm/resize.ts`) for its SIMD: in JavaScript it took longer than decoding. */
import type { DecodedImage, PixelData } from './decode-options.ts';
import type { Taps } from './resize.ts';
import { RESIZE_KERNEL } from './resize-kernel.gen.ts';

/** Puts a picture, resampled along its columns and rows, into `data`. */
export type ResizeKernel = (image: DecodedImage, data: PixelData, columns: Taps, rows: Taps) => void;

/** The part of WebAssembly that is used: its types come with those of browsers, which are not ours. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface Exports {
  readonly memory: Memory;
  readonly downBytes: Down;
  readonly downFloats: Down;
  readonly across: Across;
}
type Down = (from: number, length: number, weights: number, reach: number, line: number) => void;
type Across = (
  ...places: [
    line: number,
    channels: number,
    first: number,
    weights: number,
    reach: number,
    columns: number,
    to: number,
    bytes: boolean,
  ]
) => void;

/** Rows of the picture are brought in as many at a time as take this many bytes, so that large pictures do not leave large memory behind. */
const WINDOW_BYTES = 2 ** 21;
/** Behind every piece of memory, for what is read and written in blocks. */
const SLACK = 64;
const PAGE = 2 ** 16;

let kernel: ResizeKernel | undefined;

/** One for each thread, made when it is first needed. */
export function resizeKernel(): ResizeKernel {
  kernel ??= makeKernel();
  return kernel;
}

function makeKernel(): ResizeKernel {
  const module = new WebAssembly.Module(Buffer.from(RESIZE_KERNEL, 'base64'));
  const { memory, ...loops } = new WebAssembly.Instance(module).exports as Exports;
  const reserve = (bytes: number): void => {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  };
  return ({ data: pixels, width, height, channels }, data, columns, rows) => {
    const floats = pixels instanceof Float32Array;
    const down = floats ? loops.downFloats : loops.downBytes;
    const length = width * channels;
    const bytes = pixels.BYTES_PER_ELEMENT;
    const windowRows = Math.min(height, Math.max(rows.reach, Math.floor(WINDOW_BYTES / (length * bytes))));
    const outLength = columns.first.length * channels;
    const lay = layout();
    const from = lay(windowRows * length * bytes);
    const line = lay(length * 4);
    const to = lay(outLength * bytes);
    const [rowWeights, columnFirst, columnWeights] = [rows.weights, columns.first, columns.weights].map(taps =>
      lay(taps.byteLength),
    ) as [number, number, number];
    reserve(lay(0));
    const { buffer } = memory;
    new Float32Array(buffer, rowWeights).set(rows.weights);
    new Int32Array(buffer, columnFirst).set(columns.first);
    new Float32Array(buffer, columnWeights).set(columns.weights);
    const Values = floats ? Float32Array : Uint8Array;
    const window = new Values(buffer, from, windowRows * length);
    const out = new Values(buffer, to, outLength);
    let [start, end] = [0, 0];
    for (let y = 0; y < rows.first.length; y++) {
      const first = rows.first[y]!;
      if (first + rows.reach > end) {
        start = first;
        end = Math.min(height, first + windowRows);
        window.set(pixels.subarray(start * length, end * length));
      }
      const row = from + (first - start) * length * bytes;
      down(row, length, rowWeights + 4 * y * rows.reach, rows.reach, line);
      loops.across(line, channels, columnFirst, columnWeights, columns.reach, columns.first.length, to, !floats);
      data.set(out, y * outLength);
    }
  };
}

/** Hands out addresses one after the other. */
function layout(): (bytes: number) => number {
  let next = 0;
  return bytes => {
    const address = next;
    next += Math.ceil((bytes + SLACK) / SLACK) * SLACK;
    return address;
  };
}
