/** Hue as a turn in YIQ: linear, one small matrix for each picture, but another change than the shift in HSV of torchvision and PIL. */
import { kernel } from '../../tensor/fused.ts';
import { tf } from '../../tensor/tf.ts';
import { beside } from './canvas.ts';
import { luma, plane } from './luma.ts';

/**
 * What a quarter of a turn makes of red, green and blue beyond their luma: the plane of I and Q turned by 90 degrees, between the
 * matrix of NTSC (rows 0.299 0.587 0.114, 0.596 -0.274 -0.322, 0.211 -0.523 0.312) and its inverse.
 */
const QUARTER = [
  [0.168622, 0.329805, -0.498427],
  [-0.327963, 0.034611, 0.293353],
  [1.246461, -1.043229, -0.203232],
] as const;

/** `[pixels [B, 3, h, w], turn [B]]` to pixels, cut to 0 … 1. Without a turn they stay exactly as they are. */
export const hueTurnYiq: ReturnType<typeof kernel> = kernel('views_hue_yiq', (pixels, turn) => {
  const angle = beside(turn!, 4).mul(-2 * Math.PI); // hue grows as the angle of (I, Q) falls
  const quarter = QUARTER.map(row => {
    const [red, green, blue] = row.map((weight, channel) => plane(pixels!, channel).mul(weight));
    return red!.add(green!).add(blue!);
  });
  const grey = luma(pixels!);
  const turned = grey.add(pixels!.sub(grey).mul(tf.cos(angle))).add(tf.concat(quarter, 1).mul(tf.sin(angle)));
  return [tf.where(angle.equal(0), pixels!, turned.clipByValue(0, 1))];
});
