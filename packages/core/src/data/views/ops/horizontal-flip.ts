import { checkKeys, checkProbability } from '../check.ts';
import { flip } from '../flip.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Left and right exchanged. Not for drawings and letters, which have a direction. */
export interface HorizontalFlip {
  readonly op: 'horizontalFlip';
  readonly p: number;
}

export const horizontalFlipKind: OpKind<HorizontalFlip> = {
  mirrors: true,
  complete(given) {
    checkKeys('horizontalFlip', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('horizontalFlip', p);
    return { op: 'horizontalFlip', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply: (canvas, _settings, { applied }) => flip(canvas, 'columns', applied!),
};

/** Flips with probability `p` (default 0.5). @throws ConfigError when `p` is no probability. */
export function horizontalFlip(settings: Partial<Omit<HorizontalFlip, 'op'>> = {}): HorizontalFlip {
  return horizontalFlipKind.complete(settings);
}
