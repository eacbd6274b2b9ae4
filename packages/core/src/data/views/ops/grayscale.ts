import { takeColor } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Every channel becomes the luma. Pictures without three channels stay as they are. */
export interface Grayscale {
  readonly op: 'grayscale';
  readonly p: number;
}

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
  apply: (canvas, _settings, { applied }) => takeColor(canvas, applied!),
};

/** Takes the colour away with probability `p` (default 0.2). @throws ConfigError when `p` is no probability. */
export function grayscale(settings: Partial<Omit<Grayscale, 'op'>> = {}): Grayscale {
  return grayscaleKind.complete(settings);
}
