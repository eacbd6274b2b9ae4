import { checkKeys, checkProbability } from '../check.ts';
import { flip } from '../flip.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Top and bottom exchanged: for pictures without an up and a down, as seen from above or through a microscope. */
export interface VerticalFlip {
  readonly op: 'verticalFlip';
  readonly p: number;
}

export const verticalFlipKind: OpKind<VerticalFlip> = {
  mirrors: true,
  complete(given) {
    checkKeys('verticalFlip', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('verticalFlip', p);
    return { op: 'verticalFlip', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) => flip(canvas, 'rows', applied!),
};

/** Turns upside down with probability `p` (default 0.5, torchvision's `RandomVerticalFlip`). @throws ConfigError when `p` is no probability. */
export function verticalFlip(settings: Partial<Omit<VerticalFlip, 'op'>> = {}): VerticalFlip {
  return verticalFlipKind.complete(settings);
}
