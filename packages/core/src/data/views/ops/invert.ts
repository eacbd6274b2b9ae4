import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** The negative: light and dark exchanged in every channel. */
export interface Invert {
  readonly op: 'invert';
  readonly p: number;
}

const negative = kernel('views_invert', (pixels, applied) => [
  tf.where(beside(applied!, 4).greater(0), tf.sub(1, pixels!), pixels!),
]);

export const invertKind: OpKind<Invert> = {
  complete(given) {
    checkKeys('invert', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('invert', p);
    return { op: 'invert', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) =>
    onPixels(canvas, pixels => negative([pixels, applied!])[0]!, { eitherWay: true }),
};

/** Inverts with probability `p` (default 0.5, torchvision's `RandomInvert`). @throws ConfigError when `p` is no probability. */
export function invert(settings: Partial<Omit<Invert, 'op'>> = {}): Invert {
  return invertKind.complete(settings);
}
