/** Where a token comes from: fixed codes, and the change of learned ones to another grid. */
import { ConfigError } from '../errors.ts';
import { matMul } from '../ops/linear.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/** Rows and columns of tokens. */
export type TokenGrid = readonly [rows: number, columns: number];

/**
 * Fixed codes of a grid, as in MAE and I-JEPA (`get_2d_sincos_pos_embed`): the first half of the channels tells the column, the second the
 * row, each as sines and then cosines of frequencies from 1 to 1/10,000.
 * @param dim a multiple of 4
 * @returns `[rows · columns, dim]`, row by row
 */
export function sinCosPositions([rows, columns]: TokenGrid, dim: number): Tensor {
  if (!Number.isInteger(dim / 4) || dim < 4) {
    throw new ConfigError(`sinCosPositions: dim must be a multiple of 4; got ${dim}`);
  }
  const quarter = dim / 4;
  const values = new Float32Array(rows * columns * dim);
  for (let token = 0; token < rows * columns; token++) {
    const places = [token % columns, Math.floor(token / columns)];
    for (const [half, place] of places.entries()) {
      for (let i = 0; i < quarter; i++) {
        const angle = place / 10000 ** (i / quarter);
        const at = token * dim + half * 2 * quarter + i;
        values[at] = Math.sin(angle);
        values[at + quarter] = Math.cos(angle);
      }
    }
  }
  return tf.tensor(values, [rows * columns, dim]);
}

export interface InterpolateOptions {
  /** Blur before shrinking, as timm does; official DINO does not. Default true. */
  readonly antialias?: boolean;
  /** Added to both sides of the new grid for the scale alone: 0.1 in official DINO (`interpolate_pos_encoding`). Default 0. */
  readonly offset?: number;
}

/**
 * Learned codes for another grid, by bicubic interpolation as in PyTorch (`interpolate`, no aligned corners). Linear, and so trained through.
 * @param positions `[rows · columns, D]`
 * @returns `[newRows · newColumns, D]`
 */
export function resizePositions(
  positions: Tensor,
  from: TokenGrid,
  to: TokenGrid,
  { antialias = true, offset = 0 }: InterpolateOptions = {},
): Tensor {
  if (from[0] === to[0] && from[1] === to[1]) return positions;
  const D = positions.shape[1]!;
  const weights = [0, 1].map(axis => cubicWeights(from[axis]!, to[axis]!, antialias, offset));
  const rows = matMul(weights[0]!, positions.reshape([from[0], from[1] * D])); // [newRows, columns · D]
  const turned = tf.transpose(rows.reshape([to[0], from[1], D]), [1, 0, 2]).reshape([from[1], to[0] * D]);
  const both = matMul(weights[1]!, turned).reshape([to[1], to[0], D]);
  return tf.transpose(both, [1, 0, 2]).reshape([to[0] * to[1], D]);
}

/** `[to, from]`: each new place as a mixture of the old ones. */
function cubicWeights(from: number, to: number, antialias: boolean, offset: number): Tensor {
  const step = offset === 0 ? from / to : from / (to + offset);
  // PyTorch's cubic is that of Keys with a = −0.75; the antialiased one is Pillow's, with −0.5.
  const a = antialias ? -0.5 : -0.75;
  const stretch = antialias ? Math.max(step, 1) : 1;
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * step - 0.5;
    const weights = new Float64Array(from);
    for (let j = Math.floor(center - 2 * stretch); j <= center + 2 * stretch + 1; j++) {
      const weight = cubic((j - center) / stretch, a);
      if (antialias && (j < 0 || j >= from)) continue; // the rest is scaled up below
      const inside = Math.min(Math.max(j, 0), from - 1);
      weights[inside] = weights[inside]! + weight;
    }
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let j = 0; j < from; j++) matrix[i * from + j] = weights[j]! / sum;
  }
  return tf.tensor(matrix, [to, from]);
}

function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
}
