/** Histograms of oriented gradients (Dalal and Triggs, CVPR 2005): the best that was done before anything was learnt. */
import type { FeatureTable, PixelRows } from '@ssl/core/eval';

const ORIENTATIONS = 9;
/** Pixels of a cell's side; cells of a block's side. */
const CELL = 8;
const BLOCK = 2;
/** L2-Hys: largest value after the first normalisation (section 6.4). */
const CLIP = 0.2;

/**
 * Nine orientations without sign, cells of 8 x 8 pixels, blocks of 2 x 2 cells with L2-Hys, as scikit-image's `hog` has them; of several
 * channels the one with the longest gradient counts at each pixel (section 6.2).
 * @returns `[N, blocks · 36]`
 */
export function hogFeatures({ data, count, size, channels }: PixelRows): FeatureTable {
  const cells = Math.floor(size / CELL);
  const blocks = cells - BLOCK + 1;
  const dim = blocks * blocks * BLOCK * BLOCK * ORIENTATIONS;
  const features = new Float32Array(count * dim);
  for (let n = 0; n < count; n++) {
    const pixels = data.subarray(n * size * size * channels, (n + 1) * size * size * channels);
    features.set(blocksOf(histograms(pixels, size, channels, cells), cells, blocks), n * dim);
  }
  return { features, dim };
}

/** `[cells, cells, 9]`: the lengths of gradients by their direction. */
function histograms(pixels: ArrayLike<number>, size: number, channels: number, cells: number): Float64Array {
  const sums = new Float64Array(cells * cells * ORIENTATIONS);
  const at = (y: number, x: number, c: number): number => pixels[(y * size + x) * channels + c]!;
  for (let y = 0; y < cells * CELL; y++) {
    for (let x = 0; x < cells * CELL; x++) {
      let [best, gy, gx] = [-1, 0, 0];
      for (let c = 0; c < channels; c++) {
        // At the border there is no gradient across it.
        const dy = y > 0 && y < size - 1 ? at(y + 1, x, c) - at(y - 1, x, c) : 0;
        const dx = x > 0 && x < size - 1 ? at(y, x + 1, c) - at(y, x - 1, c) : 0;
        if (dx * dx + dy * dy > best) [best, gy, gx] = [dx * dx + dy * dy, dy, dx];
      }
      const angle = ((Math.atan2(gy, gx) * 180) / Math.PI + 360) % 180;
      const bin = Math.min(ORIENTATIONS - 1, Math.floor((angle * ORIENTATIONS) / 180));
      const cell = Math.floor(y / CELL) * cells + Math.floor(x / CELL);
      sums[cell * ORIENTATIONS + bin]! += Math.sqrt(best) / (CELL * CELL);
    }
  }
  return sums;
}

function blocksOf(cells: Float64Array, across: number, blocks: number): Float64Array {
  const width = BLOCK * BLOCK * ORIENTATIONS;
  const values = new Float64Array(blocks * blocks * width);
  for (let y = 0; y < blocks; y++) {
    for (let x = 0; x < blocks; x++) {
      const rows = Array.from({ length: BLOCK }, (_, i) =>
        cells.subarray(((y + i) * across + x) * ORIENTATIONS, ((y + i) * across + x + BLOCK) * ORIENTATIONS),
      );
      values.set(hys(rows.flatMap(row => [...row])), (y * blocks + x) * width);
    }
  }
  return values;
}

function hys(block: readonly number[]): number[] {
  const unit = (v: readonly number[]): number[] => {
    const length = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0) + 1e-10);
    return v.map(x => x / length);
  };
  return unit(unit(block).map(x => Math.min(x, CLIP)));
}
