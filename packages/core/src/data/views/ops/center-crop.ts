import { ConfigError } from '../../../errors.ts';
import { type Tensor, tf } from '../../../tensor/tf.ts';
import { checkKeys, checkWhole } from '../check.ts';
import type { OpKind } from '../op.ts';
import { type Box, onCanvas, showBox } from '../sampling.ts';

/** The middle of the picture, at a fixed scale and with its proportions: how pictures are looked at once training is over. */
export interface CenterCrop {
  readonly op: 'centerCrop';
  /** What the picture's shorter side is resized to before the middle is cut out, pixels. */
  readonly shorterSide?: number;
}

/** The view's share of the shorter side: 224 of 256, as in torchvision's and timm's evaluation. */
const SHARE = 0.875;

/** Where the setting is missing, timm's `crop_pct` (`timm/data/transforms_factory.py`): rounded down. */
function shorterSideOf({ shorterSide }: CenterCrop, size: number): number {
  return shorterSide ?? Math.floor(size / SHARE);
}

export const centerCropKind: OpKind<CenterCrop> = {
  framing: true,
  complete(given) {
    checkKeys('centerCrop', given, ['shorterSide']);
    const { shorterSide } = given;
    if (shorterSide === undefined) return { op: 'centerCrop' };
    checkWhole('centerCrop', 'shorterSide', shorterSide, [1, 1 << 16]);
    return { op: 'centerCrop', shorterSide };
  },
  checkSize(settings, size) {
    if (shorterSideOf(settings, size) >= size) return;
    throw new ConfigError(
      `centerCrop: shorterSide must be at least the view's size, ${size}; got ${settings.shorterSide}; nothing is padded`,
    );
  },
  draws: 0,
  draw(settings, _u, frame) {
    const { height, width, size } = frame;
    const shorter = tf.minimum(height, width);
    const target = shorterSideOf(settings, size);
    const along = (length: Tensor): { start: Tensor; part: Tensor } => {
      // The longer side is rounded down; a little more keeps a quotient that is whole from ending below it.
      const resized = tf.floor(length.mul(target).add(0.25).div(shorter));
      const scale = length.div(resized);
      return { start: tf.round(resized.sub(size).div(2)).mul(scale), part: scale.mul(size) };
    };
    const [y, x] = [along(height), along(width)];
    const zero = tf.zerosLike(height);
    const whole = onCanvas({ top: zero, left: zero, height, width }, frame);
    const box = onCanvas({ top: y.start, left: x.start, height: y.part, width: x.part }, frame);
    return { ...box, pictureHeight: whole.height, pictureWidth: whole.width };
  },
  apply: (canvas, _settings, drawn) =>
    showBox(canvas, drawn as Box, { height: drawn.pictureHeight!, width: drawn.pictureWidth! }),
};

/**
 * Resizes the shorter side and cuts out the middle, as torchvision's `Resize(256)` and `CenterCrop(224)` on a view of 224 pixels. Draws
 * no random numbers.
 * @param settings `shorterSide` in pixels, at least the view's size; default the size divided by 0.875, rounded down: 256 for 224.
 * @throws ConfigError when it is no whole number; from `views()` when it is smaller than the view.
 */
export function centerCrop(settings: Partial<Omit<CenterCrop, 'op'>> = {}): CenterCrop {
  return centerCropKind.complete(settings);
}
