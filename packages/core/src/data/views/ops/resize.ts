import { tf } from '../../../tensor/tf.ts';
import { checkKeys } from '../check.ts';
import type { Drawn, OpKind } from '../op.ts';
import { type Box, onCanvas, showBox } from '../sampling.ts';

/** The whole picture, stretched to the view's size; no random numbers. */
export interface Resize {
  readonly op: 'resize';
}

export const resizeKind: OpKind<Resize> = {
  framing: true,
  complete(given) {
    checkKeys('resize', given, []);
    return { op: 'resize' };
  },
  draws: 0,
  draw(_settings, _u, frame): Box | Drawn {
    const { height, width, canvas, layout, size } = frame;
    if (layout !== 'corner' && canvas.every(length => length === size)) return {}; // nothing to resize
    return onCanvas({ top: tf.zerosLike(height), left: tf.zerosLike(width), height, width }, frame);
  },
  apply: (canvas, _settings, drawn) => ('top' in drawn ? showBox(canvas, drawn as Box) : canvas),
};

/** Stretches the whole picture to the view's size. Put at the front of a view that has no other framing op. */
export function resize(): Resize {
  return resizeKind.complete({});
}
