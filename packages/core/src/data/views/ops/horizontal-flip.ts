import { kernel } from '../../../tensor/fused.ts';
import { tf } from '../../../tensor/tf.ts';
import { beside, onPixels } from '../canvas.ts';
import { checkKeys, checkProbability } from '../check.ts';
import { coin, column, type OpKind } from '../op.ts';

/** Left and right exchanged. Not for drawings and letters, which have a direction. */
export interface HorizontalFlip {
  readonly op: 'horizontalFlip';
  readonly p: number;
}

/** Exchanges the order along axis 1 of a matrix `[B, out, in]`, where `applied` is 1. */
const flipOutputs = kernel('views_flip_outputs', (matrix, applied) => [
  tf.where(beside(applied!, 3).greater(0), tf.reverse(matrix!, 1), matrix!),
]);

const flipPixels = kernel('views_flip_pixels', (pixels, applied) => [
  tf.where(beside(applied!, 4).greater(0), tf.reverse(pixels!, 3), pixels!),
]);

export const horizontalFlipKind: OpKind<HorizontalFlip> = {
  complete(given) {
    checkKeys('horizontalFlip', given, ['p']);
    const { p = 0.5 } = given;
    checkProbability('horizontalFlip', p);
    return { op: 'horizontalFlip', p };
  },
  draws: 1,
  draw: ({ p }, u) => ({ applied: coin(column(u, 0), p) }),
  apply(canvas, _settings, { applied }) {
    if (!canvas.columns) return onPixels(canvas, pixels => flipPixels([pixels, applied!])[0]!);
    return { ...canvas, columns: flipOutputs([canvas.columns, applied!])[0]! };
  },
};

/** Flips with probability `p` (default 0.5). @throws ConfigError when `p` is no probability. */
export function horizontalFlip(settings: Partial<Omit<HorizontalFlip, 'op'>> = {}): HorizontalFlip {
  return horizontalFlipKind.complete(settings);
}
