import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { luma } from '../luma.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Every channel becomes the luma. Pictures without three channels stay as they are. */
export interface Grayscale {
  readonly op: 'grayscale';
  readonly p: number;
}

const toGray = kernel('views_grayscale', (pixels, applied) => [
  tf.where(beside(applied!, 4).greater(0), luma(pixels!), pixels!),
]);

export const grayscaleKind: OpKind<Grayscale> = {
  complete(given) {
    checkKeys('grayscale', given, ['p']);
    // SimCLR, arXiv:2002.05709, appendix A; later methods kept it.
    const { p = 0.2 } = given;
    checkProbability('grayscale', p);
    return { op: 'grayscale', p };
  },
  colors: 'three',
  greyStays: true,
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) =>
    onPixels(canvas, pixels => toGray([pixels, applied!])[0]!, { eitherWay: true }),
};

/** Takes the colour away with probability `p` (default 0.2). @throws ConfigError when `p` is no probability. */
export function grayscale(settings: Partial<Omit<Grayscale, 'op'>> = {}): Grayscale {
  return grayscaleKind.complete(settings);
}
