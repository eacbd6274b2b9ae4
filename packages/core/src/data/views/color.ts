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
 * @param means `[B, C]`, of each channel over the picture.
 * @param amounts `[B, 4]`, one for each of `CODES`.
 * @param code `[B]`, which change this is.
 */
function blended(pixels: Tensor, means: Tensor, amounts: Tensor, code: Tensor): Tensor {
  const share = (name: keyof typeof CODES): Tensor => {
    const excess = amounts.slice([0, CODES[name]], [-1, 1]).reshape([-1]).sub(1);
    return beside(tf.cast(code.equal(CODES[name]), 'float32').mul(excess), 4); // factor - 1, where this is the change
  };
  const colourful = pixels.shape[1] === 3;
  const [contrast, saturation] = [share('contrast'), colourful ? share('saturation') : tf.scalar(0)];
  const factor = share('brightness').add(contrast).add(saturation).add(1);
  const meanGray = luma(means.expandDims(2).expandDims(3)); // [B, 1, 1, 1], the luma of the means is the mean luma
  const grays = meanGray.mul(contrast);
  return pixels
    .mul(factor)
    .sub(colourful ? grays.add(luma(pixels).mul(saturation)) : grays)
    .clipByValue(0, 1);
}

/** Which point of the hexagon's edge (0 … 6) is each channel's: red falls and rises around 5, green around 3, blue around 1. */
const CHANNEL_PHASE = [5, 3, 1];

/**
 * Hue turned in HSV, by `turn` `[B, 1, 1, 1]`. For each channel, `v - d · clip(2 - |k - 2|, 0, 1)` with `k = (phase + 6 hue) mod 6`,
 * where `v` is the largest channel and `d` the difference to the smallest. Everything is kept times `d`, so that nothing is divided
 * and a grey pixel, which has no hue, stays as it is; `k - 2` lies within -4 … 8, so that one turn back is all that `mod` does.
 */
function turned(pixels: Tensor, turn: Tensor): Tensor {
  const [red, green, blue] = [plane(pixels, 0), plane(pixels, 1), plane(pixels, 2)];
  const largest = tf.maximum(red, tf.maximum(green, blue));
  const difference = largest.sub(tf.minimum(red, tf.minimum(green, blue)));
  const [redLeads, greenLeads] = [red.equal(largest), green.equal(largest)];
  const slope = tf.where(redLeads, green.sub(blue), tf.where(greenLeads, blue.sub(red), red.sub(green)));
  const corner = tf.where(redLeads, tf.scalar(0), tf.where(greenLeads, tf.scalar(2), tf.scalar(4)));
  const offset = turn.mul(6).add(tf.tensor(CHANNEL_PHASE, [1, 3, 1, 1]).sub(2)); //   [B, 3, 1, 1]
  const wrapped = offset.sub(offset.add(3).div(6).floor().mul(6)); //                 -3 … 3
  const around = slope.add(difference.mul(corner.add(wrapped))); //                   [B, 3, h, w]
  const distance = tf.minimum(around.abs(), around.sub(difference.mul(6)).abs());
  return largest.sub(tf.minimum(tf.maximum(difference.mul(2).sub(distance), 0), difference));
}

const blend = kernel('views_blend', (pixels, means, amounts, code) => [blended(pixels!, means!, amounts!, code!)]);

const blendOrTurn = kernel('views_color', (pixels, means, amounts, code) => {
  const turn = beside(amounts!.slice([0, CODES.hue], [-1, 1]), 4);
  const isHue = beside(code!.equal(CODES.hue), 4);
  return [tf.where(isHue, turned(pixels!, turn), blended(pixels!, means!, amounts!, code!))];
});

/** The library's own sum over a picture takes half the time of one inside a kernel. */
function withMeans(change: ReturnType<typeof kernel>): (pixels: Tensor, amounts: Tensor, code: Tensor) => Tensor {
  return (pixels, amounts, code) => change([pixels, pixels.mean([2, 3]), amounts, code])[0]!;
}

/** Brightness, contrast or saturation; pixels `[B, C, h, w]`, amounts `[B, 4]`, code `[B]`. */
export const blendSlot: ReturnType<typeof withMeans> = withMeans(blend);

/** Any of the four changes, for three channels. */
export const colorSlot: ReturnType<typeof withMeans> = withMeans(blendOrTurn);

/** One of the three blends by itself; `factor` is `[B]`. A factor of 1 changes nothing. */
export function blendBy(name: keyof typeof CODES, pixels: Tensor, factor: Tensor): Tensor {
  const amounts = tf.tile(factor.expandDims(1), [1, Object.keys(CODES).length]);
  return blendSlot(pixels, amounts, tf.fill(factor.shape, CODES[name]));
}

/** Hue by itself, turned in HSV; `[pixels [B, 3, h, w], turn [B]]` to pixels. Without a turn they stay exactly as they are. */
export const hueTurn: ReturnType<typeof kernel> = kernel('views_hue', (pixels, turn) => {
  const beyond = beside(turn!, 4);
  return [tf.where(beyond.equal(0), pixels!, turned(pixels!, beyond))];
});
