/**
 * Changes that PIL defines on bytes. Views are floats from 0 to 1, so what works on bytes rounds to the nearest one first, where it is
 * applied; pictures that are left alone keep their values.
 */
import { type Tensor, tf } from '../../tensor/tf.ts';
import { beside } from './canvas.ts';

/** 0 to 1 as whole numbers from 0 to 255, float32. */
export function toBytes(pixels: Tensor): Tensor {
  return tf.round(pixels.mul(255)).clipByValue(0, 255);
}

/** Keeps the upper bits: multiples of `2 ** (8 - bits)`. `bytes [B, C, h, w]`, `bits [B]`. */
export function posterized(bytes: Tensor, bits: Tensor): Tensor {
  const step = beside(tf.exp(tf.sub(8, bits).mul(Math.LN2)).round(), 4); // 1, 2, 4 … 128: exp is only near a power of two
  return tf.floor(bytes.div(step)).mul(step);
}

/**
 * Darkest and lightest value of each plane, as bytes, and the factor that stretches them to 0 and 255.
 * @returns each `[B, C, 1, 1]`; for a plane of one value, 0 and 1.
 */
export function contrastRange(bytes: Tensor): { low: Tensor; scale: Tensor } {
  const low = bytes.min([2, 3], true);
  const room = bytes.max([2, 3], true).sub(low);
  const flat = room.lessEqual(0);
  return {
    low: tf.where(flat, tf.zerosLike(low), low),
    scale: tf.where(flat, tf.onesLike(low), tf.div(255, tf.maximum(room, 1))),
  };
}

/**
 * `13 (smooth - x)` for PIL's `ImageFilter.SMOOTH`: ones around a 5, over 13. Pixels on the border are not smoothed, as in PIL and
 * torchvision: 0 there. Views of less than three pixels have nothing but border.
 */
export function smoothing(x: Tensor): Tensor {
  const [, , h, w] = x.shape as [number, number, number, number];
  if (h < 3 || w < 3) return tf.zerosLike(x);
  const shift = (y: number, z: number): Tensor => x.slice([0, 0, y, z], [-1, -1, h - 2, w - 2]);
  const box = [0, 1, 2].flatMap(y => [0, 1, 2].map(z => shift(y, z))).reduce((a, b) => a.add(b));
  return box.sub(shift(1, 1).mul(9)).pad([
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ]);
}
