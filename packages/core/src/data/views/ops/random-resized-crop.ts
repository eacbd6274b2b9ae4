import { type Tensor, tf } from '../../../tensor/tf.ts';
import { checkKeys, checkRange, type Range } from '../check.ts';
import { column, type OpKind, spread } from '../op.ts';
import { type Box, onCanvas, showBox } from '../sampling.ts';
import { firstWhere, TRIES, wholeUpTo } from '../tries.ts';

/** A part of random area and aspect ratio, resized to the view's size. */
export interface RandomResizedCrop {
  readonly op: 'randomResizedCrop';
  /** Area of the part, as a share of the picture's. */
  readonly scale: Range;
  /** Width divided by height, drawn uniformly on a logarithmic scale. */
  readonly ratio: Range;
}

export const randomResizedCropKind: OpKind<RandomResizedCrop> = {
  framing: true,
  complete(given) {
    const who = 'randomResizedCrop';
    checkKeys(who, given, ['scale', 'ratio']);
    // Inception's training crops (arXiv:1409.4842, section 6), which every method here uses.
    const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = given;
    checkRange(who, 'scale', scale, [1e-6, 1]);
    checkRange(who, 'ratio', ratio, [1e-3, 1e3]);
    return { op: who, scale, ratio };
  },
  draws: 2 * TRIES + 2,
  draw({ scale, ratio }, u, frame): Box {
    const { height, width } = frame;
    const [H, W] = [height.expandDims(1), width.expandDims(1)]; // [B, 1]
    const area = H.mul(W).mul(spread(tf.slice(u, [0, 0], [-1, TRIES]), scale)); // [B, TRIES]
    const aspect = tf.exp(spread(tf.slice(u, [0, TRIES], [-1, TRIES]), [Math.log(ratio[0]), Math.log(ratio[1])]));
    const w = tf.round(tf.sqrt(area.mul(aspect)));
    const h = tf.round(tf.sqrt(area.div(aspect)));
    const first = firstWhere(w.greater(0), w.lessEqual(W), h.greater(0), h.lessEqual(H));
    const found = tf.sum(first, 1); // [B], 1 where a try fits
    const centre = centreBox(height, width, ratio);
    const choose = (tried: Tensor, otherwise: Tensor): Tensor =>
      tf.sum(tried.mul(first), 1).add(otherwise.mul(tf.sub(1, found)));
    const box = { height: choose(h, centre.height), width: choose(w, centre.width) };
    const place = (room: Tensor, i: number): Tensor => wholeUpTo(column(u, 2 * TRIES + i), room);
    const middle = (room: Tensor): Tensor => tf.floor(room.div(2));
    const at = (room: Tensor, i: number): Tensor => tf.where(found.greater(0), place(room, i), middle(room));
    return onCanvas({ top: at(height.sub(box.height), 0), left: at(width.sub(box.width), 1), ...box }, frame);
  },
  apply: (canvas, _settings, drawn) => showBox(canvas, drawn as Box),
};

/** The largest centred part whose ratio is allowed. */
function centreBox(height: Tensor, width: Tensor, [low, high]: Range): { height: Tensor; width: Tensor } {
  const ratio = width.div(height);
  const atLeastOne = (length: Tensor): Tensor => tf.maximum(tf.round(length), 1);
  return {
    height: tf.where(ratio.less(low), atLeastOne(width.div(low)), height),
    width: tf.where(ratio.greater(high), atLeastOne(height.mul(high)), width),
  };
}

/**
 * Crops a random part and resizes it, as torchvision's `RandomResizedCrop` with bilinear interpolation and antialiasing.
 * @param settings `scale` within (0, 1], default `[0.08, 1]`; `ratio`, default `[3/4, 4/3]`.
 * @throws ConfigError when a range is not one.
 */
export function randomResizedCrop(settings: Partial<Omit<RandomResizedCrop, 'op'>> = {}): RandomResizedCrop {
  return randomResizedCropKind.complete(settings);
}
