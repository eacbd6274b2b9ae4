import { type Tensor, tf } from '../../../tensor/tf.ts';
import { onPixels, shapeOf } from '../canvas.ts';
import { checkKeys, checkProbability, type Range } from '../check.ts';
import { blendSlot, colorSlot } from '../color.ts';
import { factorRange, turnRange } from '../color-range.ts';
import { coin, column, type Drawn, type OpKind, spread, whenApplied } from '../op.ts';

/** Brightness, contrast, saturation and hue, each by a random amount, in a random order. */
export interface ColorJitter {
  readonly op: 'colorJitter';
  /** Factors: 0 is black, 1 changes nothing. */
  readonly brightness: Range;
  /** Factors: 0 is the mean grey everywhere. */
  readonly contrast: Range;
  /** Factors: 0 is without colour. */
  readonly saturation: Range;
  /** Turns of the colour circle, within [-0.5, 0.5]. */
  readonly hue: Range;
  readonly p: number;
}

/** A number `v` stands for `[max(0, 1 - v), 1 + v]`, for hue for `[-v, v]`, as in torchvision. */
export interface ColorJitterSettings {
  readonly brightness?: number | Range;
  readonly contrast?: number | Range;
  readonly saturation?: number | Range;
  readonly hue?: number | Range;
  readonly p?: number;
}

const FACTORS = ['brightness', 'contrast', 'saturation'] as const;
const PARTS = [...FACTORS, 'hue'] as const;
/** What pictures that do not have three channels go without. */
const OF_COLOR: readonly (typeof PARTS)[number][] = ['saturation', 'hue'];

export const colorJitterKind: OpKind<ColorJitter, ColorJitterSettings> = {
  complete(given) {
    const who = 'colorJitter';
    checkKeys(who, given, [...PARTS, 'p']);
    const { brightness = 0, contrast = 0, saturation = 0, hue = 0, p = 1 } = given;
    checkProbability(who, p);
    return {
      op: who,
      brightness: factorRange(who, 'brightness', brightness),
      contrast: factorRange(who, 'contrast', contrast),
      saturation: factorRange(who, 'saturation', saturation),
      hue: turnRange(who, 'hue', hue),
      p,
    };
  },
  colors: settings => OF_COLOR.filter(part => isUsed(settings, part)),
  draws: 2 * PARTS.length + 1,
  draw(settings, u) {
    const applied = coin(column(u, 2 * PARTS.length), settings.p);
    const amounts = PARTS.map((part, i) => [
      part,
      whenApplied(applied, spread(column(u, i), settings[part]), neutral(part)),
    ]);
    return { ...Object.fromEntries(amounts), order: permutation(tf.slice(u, [0, PARTS.length], [-1, PARTS.length])) };
  },
  prepare(_settings, drawn): Drawn {
    const amounts = tf.stack(
      PARTS.map(part => drawn[part]!),
      1,
    ); // [B, 4]
    const slots = PARTS.map((_, i) => [i, column(drawn.order!, i)]); // which change comes at each place, [B]
    return { amounts, ...Object.fromEntries(slots) };
  },
  apply(canvas, settings, { amounts, ...slots }) {
    const possible = PARTS.filter(part => shapeOf(canvas)[2] === 3 || !OF_COLOR.includes(part));
    const used = possible.filter(part => isUsed(settings, part));
    if (used.length === 0) return canvas;
    const slot = used.includes('hue') ? colorSlot : blendSlot;
    const jittered = (start: Tensor): Tensor => {
      let pixels = start;
      for (const i of PARTS.keys()) pixels = slot(pixels, amounts!, slots[i]!);
      return pixels;
    };
    return onPixels(canvas, jittered, { eitherWay: true });
  },
};

function isUsed(settings: ColorJitter, part: (typeof PARTS)[number]): boolean {
  return settings[part].some(end => end !== neutral(part));
}

function neutral(part: (typeof PARTS)[number]): number {
  return part === 'hue' ? 0 : 1;
}

/** `[B, n]` uniform numbers to a permutation of 0 … n − 1 in each row, all equally likely: the place of the smallest comes first. */
function permutation(u: Tensor): Tensor {
  const n = u.shape[1]!;
  const [own, other] = [u.expandDims(2), u.expandDims(1)]; // [B, n, 1], [B, 1, n]
  const index = tf.range(0, n);
  const earlier = index.expandDims(0).less(index.expandDims(1)).expandDims(0); // equal numbers keep their order
  const before = tf.logicalOr(other.less(own), tf.logicalAnd(other.equal(own), earlier));
  const rank = tf.sum(tf.cast(before, 'float32'), 2, true); //                    [B, n, 1]
  const atSlot = tf.cast(rank.equal(index.reshape([1, 1, n])), 'float32'); //    [B, n, slot]
  return tf.sum(atSlot.mul(index.reshape([1, n, 1])), 1); //                    [B, slot]
}

/**
 * Changes colours as torchvision's `ColorJitter`, each change cut to the range of pixels as there; with probability `p`.
 * Pictures without three channels have no saturation and no hue: those two are skipped, and the grey of contrast is the mean.
 * @param settings a missing part changes nothing; `p` is 1 when missing.
 * @throws ConfigError when a factor is negative, a hue beyond half a turn, or `p` no probability.
 */
export function colorJitter(settings: ColorJitterSettings = {}): ColorJitter {
  return colorJitterKind.complete(settings);
}
