import { ConfigError } from '../../../errors.ts';
import { kernel, xlaAvailable } from '../../../tensor/fused.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { beside, type Canvas, exchanged, resample, settleEitherWay } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, checkWhole, type Range } from '../check.ts';
import { coin, column, type Drawn, type OpKind, spread, whenApplied } from '../op.ts';

/** Gaussian blur of the view, with the edges reflected. */
export interface GaussianBlur {
  readonly op: 'gaussianBlur';
  /** Standard deviation in pixels of the view. */
  readonly sigma: Range;
  readonly p: number;
  /** Odd length of the filter; without it, a tenth of the view's size. */
  readonly kernelSize?: number;
}

export const gaussianBlurKind: OpKind<GaussianBlur> = {
  complete(given) {
    const who = 'gaussianBlur';
    checkKeys(who, given, ['sigma', 'p', 'kernelSize']);
    // SimCLR, arXiv:2002.05709, appendix A.
    const { sigma = [0.1, 2], p = 0.5, kernelSize } = given;
    checkRange(who, 'sigma', sigma, [1e-3, 1e3]);
    checkProbability(who, p);
    if (kernelSize === undefined) return { op: who, sigma, p };
    checkWhole(who, 'kernelSize', kernelSize, [1, Number.MAX_SAFE_INTEGER]);
    if (kernelSize % 2 === 0)
      throw new ConfigError(`${who}: kernelSize must be odd; got ${kernelSize}; take ${kernelSize + 1}`);
    return { op: who, sigma, p, kernelSize };
  },
  checkSize(settings, size) {
    if (radiusOf(settings, size) < size) return;
    throw new ConfigError(
      `gaussianBlur: kernelSize must be at most ${2 * size - 1} for a view of ${size} pixels; got ${settings.kernelSize}`,
    );
  },
  draws: 2,
  draw: ({ sigma, p }, u) => ({ sigma: whenApplied(coin(column(u, 1), p), spread(column(u, 0), sigma), 0) }),
  prepare(settings, { sigma }, size): Drawn {
    const radius = radiusOf(settings, size);
    const reach = Math.min(radius, Math.floor(settings.sigma[1] * SIGMAS));
    return worthSums(reach) ? { bell: bell(sigma!, reach) } : { sigma: sigma! };
  },
  apply(canvas, settings, { bell: weights, sigma }) {
    if (weights) return blurred(canvas, weights);
    const blur = blurMatrix(sigma!, radiusOf(settings, canvas.size), canvas.size);
    return resample(canvas, blur, blur);
  },
};

/** SimCLR's own code takes a tenth of the size and rounds both it and its half down (`data_util.py`, `gaussian_blur`). */
function radiusOf({ kernelSize }: GaussianBlur, size: number): number {
  return kernelSize === undefined ? Math.max(1, Math.floor(Math.floor(size / 10) / 2)) : (kernelSize - 1) / 2;
}

/** The filter from its middle outwards, `[B, radius + 1]`; both sides together sum to 1. A sigma of 0 leaves only the middle. */
export function bell(sigma: Tensor, radius: number): Tensor {
  const distance = tf.range(0, radius + 1).expandDims(0); // [1, radius + 1]
  const heights = tf.exp(distance.div(tf.maximum(sigma, 1e-3).expandDims(1)).square().mul(-0.5));
  const total = tf.sum(heights, 1, true).mul(2).sub(1); // both sides, and the middle, which is 1, once
  return heights.div(total);
}

/** Which pixel is seen where the filter reaches `i`: edges are reflected without repeating them. */
function reflected(i: number, n: number): number {
  const inside = Math.abs(i);
  return inside < n ? inside : 2 * (n - 1) - inside;
}

/**
 * The whole blur along one axis as a matrix, for a long filter.
 * @param sigma `[B]`; 0 blurs nothing.
 * @returns `[B, n, n]`; the filter's taps on the diagonals, and what falls outside added where it is reflected to.
 */
export function blurMatrix(sigma: Tensor, radius: number, n: number): Tensor {
  return tf.matMul(bell(sigma, radius), diagonals(radius, n)).reshape([-1, n, n]);
}

/** `[radius + 1, n · n]`: how often the tap at each distance carries pixel `j` to pixel `i`. */
function diagonals(radius: number, n: number): Tensor {
  const counts = new Float32Array((radius + 1) * n * n);
  for (let i = 0; i < n; i++) {
    for (let offset = -radius; offset <= radius; offset++) {
      counts[(Math.abs(offset) * n + i) * n + reflected(i + offset, n)]! += 1;
    }
  }
  return tf.tensor(counts, [radius + 1, n * n]);
}

/** Farther from the middle than this many sigmas a filter is below 1e-5 of its middle, which no pixel shows. */
const SIGMAS = 4.8;
/** Each distance is one more term for XLA to compile, and by then the matrix is no slower. */
const FARTHEST = 32;

function worthSums(radius: number): boolean {
  return radius <= FARTHEST && xlaAvailable(); // without XLA every term is a pass over the pixels
}

/** `[pixels [B, C, n, m], bell [B, radius + 1]]`, blurred along axis 2: whole lines of memory are weighed and added. */
const blurRows = kernel('views_blur', (pixels, weights) => {
  const [n, radius] = [pixels!.shape[2]!, weights!.shape[1]! - 1];
  /** Rows `first` to `end` of the blurred picture. */
  const rows = (first: number, end: number, shifted: (offset: number) => Tensor): Tensor[] => {
    if (end <= first) return [];
    const weight = (distance: number): Tensor => beside(weights!.slice([0, distance], [-1, 1]), 4);
    let sum = shifted(0).mul(weight(0));
    for (let d = 1; d <= radius; d++) sum = sum.add(shifted(d).add(shifted(-d)).mul(weight(d)));
    return [sum];
  };
  const seen = (first: number, end: number) => (offset: number) => {
    const indices = Int32Array.from({ length: end - first }, (_, i) => reflected(first + i + offset, n));
    return tf.gather(pixels!, tf.tensor1d(indices, 'int32'), 2);
  };
  // Between the edges rows are where their number says, without a table to look them up in.
  const [top, bottom] = [Math.min(radius, n), Math.max(n - radius, Math.min(radius, n))];
  const between = (offset: number): Tensor => pixels!.slice([0, 0, top + offset, 0], [-1, -1, bottom - top, -1]);
  const parts = [...rows(0, top, seen(0, top)), ...rows(top, bottom, between), ...rows(bottom, n, seen(bottom, n))];
  return [parts.length === 1 ? parts[0]! : tf.concat(parts, 2)];
});

/** The view blurred along both axes by the filter that `bell` gives. */
export function blurred(canvas: Canvas, weights: Tensor): Canvas {
  const { pixels, turned = false, ...rest } = settleEitherWay(canvas);
  const once = blurRows([pixels, weights])[0]!;
  return { ...rest, pixels: blurRows([exchanged(once), weights])[0]!, turned: !turned };
}

/**
 * Blurs with probability `p`, as torchvision's `gaussian_blur`.
 * @param settings `sigma` in pixels, default `[0.1, 2]`; `p`, default 0.5; `kernelSize`, odd, default a tenth of the view.
 * @throws ConfigError when a setting is out of range.
 */
export function gaussianBlur(settings: Partial<Omit<GaussianBlur, 'op'>> = {}): GaussianBlur {
  return gaussianBlurKind.complete(settings);
}
