import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { contrastRange, toBytes } from '../bytes.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Every channel stretched so that its darkest value is black and its lightest white. */
export interface Autocontrast {
  readonly op: 'autocontrast';
  readonly p: number;
}

const stretched = kernel('views_autocontrast', (pixels, applied) => {
  const { low, scale } = contrastRange(toBytes(pixels!));
  const wide = pixels!.sub(low.div(255)).mul(scale).clipByValue(0, 1);
  return [tf.where(beside(applied!, 4).greater(0), wide, pixels!)];
});

export const autocontrastKind: OpKind<Autocontrast> = {
  complete(given) {
    checkKeys('autocontrast', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('autocontrast', p);
    return { op: 'autocontrast', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) =>
    onPixels(canvas, pixels => stretched([pixels, applied!])[0]!, { eitherWay: true }),
};

/**
 * Stretches each channel to the whole range, as PIL's `ImageOps.autocontrast` without cutoff, with probability `p` (default 0.5,
 * torchvision's `RandomAutocontrast`). The ends are rounded to bytes, so that a channel of one value stays as it is.
 * @throws ConfigError when `p` is no probability.
 */
export function autocontrast(settings: Partial<Omit<Autocontrast, 'op'>> = {}): Autocontrast {
  return autocontrastKind.complete(settings);
}
