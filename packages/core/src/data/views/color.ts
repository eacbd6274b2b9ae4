/**
 * One change of colour for a batch in which every picture may need another one. Each is cut to 0 … 1, as torchvision does after
 * every change, so that a chain of them ends where torchvision's ends. (One affine matrix for all four, cut at the end, would be
 * cheaper; where something is cut it ends elsewhere, and hue as a turn in YIQ is another change altogether: `exactGap`, `clippedGap`
 * and `yiqGap` in the fixture `views.json` say how far.)
 */
import { kernel } from '../../tensor/fused.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { beside } from './canvas.ts';
import { luma, plane } from './luma.ts';

/** The numbers of the changes in torchvision's `ColorJitter.get_params`. */
const CODES = { brightness: 0, contrast: 1, saturation: 2, hue: 3 } as const;

/**
 * Brightness, contrast and saturation blend the picture with black, with its mean grey and with its own grey: one formula
 * with other weights. Hue leaves the picture as it is.
 * @param amounts `[B, 4]`, one for each of `CODES`.
 * @param code `[B]`, which change this is.
 */
function blended(pixels: Tensor, amounts: Tensor, code: Tensor): Tensor {
  const colourful = pixels.shape[1] === 3;
  const share = (name: keyof typeof CODES): Tensor => {
    const excess = amounts.slice([0, CODES[name]], [-1, 1]).reshape([-1]).sub(1);
    return beside(tf.cast(code.equal(CODES[name]), 'float32').mul(excess), 4); // factor - 1, where this is the change
  };
  const [contrast, saturation] = [share('contrast'), colourful ? share('saturation') : tf.scalar(0)];
  const factor = share('brightness').add(contrast).add(saturation).add(1);
  const gray = luma(pixels);
  const mean = gray.mean([2, 3], true);
  return pixels.mul(factor).sub(mean.mul(contrast)).sub(gray.mul(saturation)).clipByValue(0, 1);
}

/** Which point of the hexagon's edge (0 … 6) is each channel's: red falls and rises around 5, green around 3, blue around 1. */
const CHANNEL_PHASE = [5, 3, 1];

/**
 * Hue turned in HSV, by `turn` `[B, 1, 1, 1]`. For each channel, `v - d · clip(2 - |k - 2|, 0, 1)` with `k = (phase + 6 hue) mod 6`,
 * where `v` is the largest channel and `d` the difference to the smallest.
 */
function turned(pixels: Tensor, turn: Tensor): Tensor {
  const [red, green, blue] = [plane(pixels, 0), plane(pixels, 1), plane(pixels, 2)];
  const largest = tf.maximum(red, tf.maximum(green, blue));
  const difference = largest.sub(tf.minimum(red, tf.minimum(green, blue)));
  const per = tf.div(1, tf.maximum(difference, 1e-12)); // a grey pixel has no hue; its difference of 0 hides whatever comes out
  const sextant = tf.where(
    red.equal(largest),
    green.sub(blue).mul(per),
    tf.where(green.equal(largest), blue.sub(red).mul(per).add(2), red.sub(green).mul(per).add(4)),
  );
  const k = sextant.add(turn.mul(6)).add(tf.tensor(CHANNEL_PHASE, [1, 3, 1, 1])); // [B, 3, h, w]
  const around = k.sub(k.div(6).floor().mul(6));
  return largest.sub(difference.mul(tf.sub(2, around.sub(2).abs()).clipByValue(0, 1)));
}

/** Brightness, contrast or saturation; `[pixels [B, C, h, w], amounts [B, 4], code [B]]` to pixels. */
export const blendSlot: ReturnType<typeof kernel> = kernel('views_blend', (pixels, amounts, code) => [
  blended(pixels!, amounts!, code!),
]);

/** Any of the four changes, for three channels. */
export const colorSlot: ReturnType<typeof kernel> = kernel('views_color', (pixels, amounts, code) => {
  const turn = beside(amounts!.slice([0, CODES.hue], [-1, 1]), 4);
  const isHue = beside(code!.equal(CODES.hue), 4);
  return [tf.where(isHue, turned(pixels!, turn), blended(pixels!, amounts!, code!))];
});
