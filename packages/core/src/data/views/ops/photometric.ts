import { kernel } from '../../../tensor/fused.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { contrastRange, posterized, smoothing, toBytes } from '../bytes.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type Drawn, type OpKind, spread, whenApplied } from '../op.ts';
import { wholeUpTo } from '../tries.ts';
import { posterize } from './posterize.ts';
import { sharpness } from './sharpness.ts';

/** The photometric set of PIRL: posterize, sharpness, solarize and autocontrast, all of them or none. */
export interface Photometric {
  readonly op: 'photometric';
  readonly p: number;
}

// Bytes in, bytes out, each step rounded as PIL rounds it: a solarized value depends on which side of the threshold it falls. Three
// kernels, since inside one XLA would posterize a pixel again for each of its neighbours.
const fewer = kernel('views_photometric_bits', (pixels, bits) => [posterized(toBytes(pixels!), bits!)]);

const solarized = kernel('views_photometric_sun', (few, factor, threshold) => {
  const smooth = tf.floor(few!.add(smoothing(few!).add(6.5).div(13)));
  const sharp = tf.floor(smooth.add(few!.sub(smooth).mul(beside(factor!, 4))).clipByValue(0, 255));
  return [tf.where(sharp.less(beside(threshold!, 4)), sharp, tf.sub(255, sharp))];
});

const stretched = kernel('views_photometric_range', (pixels, sun, applied) => {
  const { low, scale } = contrastRange(sun!);
  const wide = tf.floor(sun!.sub(low).mul(scale).add(1e-3)); // 1e-3: the lightest value must come to 255
  return [tf.where(beside(applied!, 4).greater(0), wide.div(255), pixels!)];
});

function changed(pixels: Tensor, { applied, bits, factor, threshold }: Drawn): Tensor {
  const few = fewer([pixels, bits!])[0]!;
  return stretched([pixels, solarized([few, factor!, threshold!])[0]!, applied!])[0]!;
}

export const photometricKind: OpKind<Photometric> = {
  complete(given) {
    checkKeys('photometric', given, ['p']);
    const { p = 0.66 } = given;
    checkProbability('photometric', p);
    return { op: 'photometric', p };
  },
  draws: 4,
  draw({ p }, u) {
    const applied = coin(column(u, 3), p);
    const [low, high] = posterize().bits;
    return {
      applied,
      bits: whenApplied(applied, wholeUpTo(column(u, 0), high - low).add(low), 8),
      factor: whenApplied(applied, spread(column(u, 1), sharpness().factor), 1),
      threshold: whenApplied(applied, wholeUpTo(column(u, 2), 256), 256),
    };
  },
  apply: (canvas, _settings, drawn) => onPixels(canvas, pixels => changed(pixels, drawn), { eitherWay: true }),
};

/**
 * Posterizes to 4 to 8 bits, changes the sharpness by a factor of 0.1 to 1.9, solarizes from a threshold of 0 to 256 on, and stretches
 * the contrast: in this order, all with probability `p` together, as PIRL (arXiv:1912.01991) does in facebookresearch/vissl,
 * `img_pil_random_photometric.py`. Works on bytes, as PIL.
 * @param settings `p`, default 0.66 as there.
 * @throws ConfigError when `p` is no probability.
 */
export function photometric(settings: Partial<Omit<Photometric, 'op'>> = {}): Photometric {
  return photometricKind.complete(settings);
}
