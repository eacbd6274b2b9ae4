import { ConfigError } from '../../../errors.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { resample } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, checkWhole, type Range } from '../check.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';

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
  apply(canvas, settings, { sigma }) {
    const blur = blurMatrix(sigma!, radiusOf(settings, canvas.size), canvas.size);
    return resample(canvas, blur, blur);
  },
};

/** SimCLR's own code takes a tenth of the size and rounds both it and its half down (`data_util.py`, `gaussian_blur`). */
function radiusOf({ kernelSize }: GaussianBlur, size: number): number {
  return kernelSize === undefined ? Math.max(1, Math.floor(Math.floor(size / 10) / 2)) : (kernelSize - 1) / 2;
}

/**
 * @param sigma `[B]`; 0 blurs nothing.
 * @returns `[B, n, n]`; the filter's taps on the diagonals, and what falls outside added where it is reflected to.
 */
export function blurMatrix(sigma: Tensor, radius: number, n: number): Tensor {
  const distance = tf.range(0, radius + 1).expandDims(0); // [1, radius + 1]
  // A sigma far below a pixel leaves only the middle tap.
  const bell = tf.exp(distance.div(tf.maximum(sigma, 1e-3).expandDims(1)).square().mul(-0.5)); // [B, radius + 1]
  const total = tf.sum(bell, 1, true).mul(2).sub(1); // both sides, and the middle, which is 1, once
  return tf.matMul(bell.div(total), diagonals(radius, n)).reshape([-1, n, n]);
}

/** `[radius + 1, n · n]`: how often the tap at each distance carries pixel `j` to pixel `i`, edges reflected without repeating them. */
function diagonals(radius: number, n: number): Tensor {
  const counts = new Float32Array((radius + 1) * n * n);
  for (let i = 0; i < n; i++) {
    for (let offset = -radius; offset <= radius; offset++) {
      const outside = Math.abs(i + offset);
      const j = outside < n ? outside : 2 * (n - 1) - outside;
      counts[(Math.abs(offset) * n + i) * n + j]! += 1;
    }
  }
  return tf.tensor(counts, [radius + 1, n * n]);
}

/**
 * Blurs with probability `p`, as torchvision's `gaussian_blur`.
 * @param settings `sigma` in pixels, default `[0.1, 2]`; `p`, default 0.5; `kernelSize`, odd, default a tenth of the view.
 * @throws ConfigError when a setting is out of range.
 */
export function gaussianBlur(settings: Partial<Omit<GaussianBlur, 'op'>> = {}): GaussianBlur {
  return gaussianBlurKind.complete(settings);
}
