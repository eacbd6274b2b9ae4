import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability, checkRange, type Range } from '../check.ts';
import { normalNoise, SEED_DRAWS, seeds } from '../noise.ts';
import { coin, column, type OpKind, spread, whenApplied } from '../op.ts';

/** Normal noise added to every value, cut to the range of pixels. */
export interface GaussianNoise {
  readonly op: 'gaussianNoise';
  /** Standard deviation, on the scale 0 to 1. */
  readonly sigma: Range;
  readonly p: number;
}

const added = kernel('views_noise', (pixels, noise, sigma) => {
  const strength = beside(sigma!, 4);
  return [tf.where(strength.greater(0), pixels!.add(noise!.mul(strength)).clipByValue(0, 1), pixels!)];
});

export const gaussianNoiseKind: OpKind<GaussianNoise> = {
  complete(given) {
    const who = 'gaussianNoise';
    checkKeys(who, given, ['sigma', 'p']);
    // The sigma of torchvision's v2 `GaussianNoise`; the p of Kornia's `RandomGaussianNoise`.
    const { sigma = [0.1, 0.1], p = 0.5 } = given;
    checkRange(who, 'sigma', sigma, [0, 10]);
    checkProbability(who, p);
    return { op: who, sigma, p };
  },
  draws: 2 + SEED_DRAWS,
  draw: ({ sigma, p }, u) => ({
    sigma: whenApplied(coin(column(u, 1), p), spread(column(u, 0), sigma), 0),
    seed: seeds(tf.slice(u, [0, 2], [-1, SEED_DRAWS])),
  }),
  apply: (canvas, _settings, { sigma, seed }) =>
    onPixels(canvas, pixels => added([pixels, normalNoise(seed!, pixels), sigma!])[0]!),
};

/**
 * Adds normal noise, of its own for every value, and cuts to 0 … 1, as torchvision's v2 `GaussianNoise`, with probability `p`.
 * @param settings `sigma` on the scale 0 to 1, default `[0.1, 0.1]`; `p`, default 0.5.
 * @throws ConfigError when a setting is out of range.
 */
export function gaussianNoise(settings: Partial<Omit<GaussianNoise, 'op'>> = {}): GaussianNoise {
  return gaussianNoiseKind.complete(settings);
}
