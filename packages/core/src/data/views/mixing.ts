/** Mixup and CutMix: each picture of a batch is mixed with another of the same batch. Works on views, in the graph. */
import { ShapeError } from '../../errors.ts';
import { nativeOp } from '../../tensor/native.ts';
import { type Rng, uniform } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { beside } from './canvas.ts';
import { checkNumber } from './check.ts';
import { wholeUpTo } from './tries.ts';

export interface MixOptions {
  readonly rng: Rng;
  /** Both parameters of the Beta distribution that the shares come from, 0.1 to 1000; 1 is uniform. */
  readonly alpha?: number;
  /** Whether every picture has a share of its own (default), or all of a batch the same, as in the papers' own code. */
  readonly shared?: boolean;
}

/** Mixed pictures, and what of them is whose. The caller frees the tensors. */
export interface Mixed {
  /** `[B, H, W, C]` */
  readonly images: Tensor;
  /** `[B]` int32, a permutation: picture `i` was mixed with picture `partner[i]`, which may be itself. */
  readonly partner: Tensor;
  /** `[B]`, the share of picture `i` in its mixture, 0 to 1; the rest is its partner's. */
  readonly lambda: Tensor;
}

/** Rows and columns of the pasted part, each `[B]`, whole numbers: from `top` to before `bottom`. */
export interface PastedBox {
  readonly top: Tensor;
  readonly bottom: Tensor;
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * Weighted means of two pictures (Zhang et al., arXiv:1710.09412).
 * @param images `[B, H, W, C]` views on any scale.
 * @param options `alpha`, default 1 (CIFAR-10, §3.2; 0.2 to 0.4 on ImageNet, §3.1).
 * @throws ConfigError when alpha is out of range.
 * @throws ShapeError when images have another shape.
 */
export function mixup(images: Tensor, { rng, alpha = 1, shared }: MixOptions): Mixed {
  checkNumber('mixup', 'alpha', alpha, ALPHA);
  const batch = batchOf('mixup', images);
  return tf.tidy(() => {
    const partner = permutation(rng, batch);
    const lambda = shares(rng, batch, alpha, shared);
    return { images: blend(images, partner, lambda), partner, lambda };
  });
}

/**
 * A rectangle of one picture is pasted into another (Yun et al., arXiv:1905.04899, §3.1 and algorithm 1). Its centre is anywhere, so
 * that the border may cut it: `lambda` is the share of pixels that were left.
 * @param images `[B, H, W, C]` views on any scale.
 * @param options `alpha`, default 1 (§4.1).
 * @throws ConfigError when alpha is out of range.
 * @throws ShapeError when images have another shape.
 */
export function cutmix(images: Tensor, { rng, alpha = 1, shared }: MixOptions): Mixed {
  checkNumber('cutmix', 'alpha', alpha, ALPHA);
  const batch = batchOf('cutmix', images);
  return tf.tidy(() => {
    const [, height, width] = images.shape as [number, number, number];
    const partner = permutation(rng, batch);
    const drawn = shares(rng, batch, alpha, shared);
    const along = (size: number): Tensor => {
      const place = wholeUpTo(uniform(rng, [shared ? 1 : batch]), size - 1);
      return shared ? tf.tile(place, [batch]) : place;
    };
    const box = cutBox(drawn, along(height), along(width), [height, width]);
    return { images: paste(images, partner, box), partner, lambda: shareLeft(box, [height, width]) };
  });
}

/** `lambda · x + (1 - lambda) · partner`, as torchvision's `v2.MixUp`, for a partner and a share `[B]` that are given. */
export function blend(images: Tensor, partner: Tensor, lambda: Tensor): Tensor {
  return tf.tidy(() => {
    const share = beside(lambda, images.shape.length);
    return images.mul(share).add(tf.gather(images, partner).mul(tf.sub(1, share)));
  });
}

/** The partner's pixels within the box, as torchvision's `v2.CutMix`, for a partner and a box that are given. */
export function paste(images: Tensor, partner: Tensor, { top, bottom, left, right }: PastedBox): Tensor {
  return tf.tidy(() => {
    const [, height, width] = images.shape as [number, number, number];
    const between = (shape: number[], low: Tensor, high: Tensor): Tensor => {
      const position = tf.range(0, Math.max(...shape)).reshape(shape);
      return tf.logicalAnd(position.greaterEqual(beside(low, 4)), position.less(beside(high, 4)));
    };
    const inside = tf.logicalAnd(between([1, height, 1, 1], top, bottom), between([1, 1, width, 1], left, right));
    return tf.where(tf.logicalAnd(inside, tf.onesLike(images).cast('bool')), tf.gather(images, partner), images);
  });
}

/**
 * The box that takes `1 - lambda` of a picture's area, where the border does not cut it (algorithm 1; halves are whole numbers, as in
 * torchvision's `v2.CutMix`).
 * @param y `[B]`, row of the centre; `x` its column.
 */
export function cutBox(lambda: Tensor, y: Tensor, x: Tensor, [height, width]: readonly [number, number]): PastedBox {
  const radius = tf.sqrt(tf.sub(1, lambda)).mul(0.5);
  const sides = (centre: Tensor, size: number): [Tensor, Tensor] => {
    const half = tf.floor(radius.mul(size));
    return [tf.maximum(centre.sub(half), 0), tf.minimum(centre.add(half), size)];
  };
  const [[top, bottom], [left, right]] = [sides(y, height), sides(x, width)];
  return { top, bottom, left, right };
}

/** The share of a picture's pixels that a box leaves, `[B]`. */
export function shareLeft({ top, bottom, left, right }: PastedBox, [height, width]: readonly [number, number]): Tensor {
  return tf.sub(
    1,
    bottom
      .sub(top)
      .mul(right.sub(left))
      .div(height * width),
  );
}

/**
 * Labels that are mixed as the pictures were.
 * @param labels `[B, K]`, one-hot or any other targets of which a mean makes sense.
 * @returns `[B, K]`
 */
export function mixLabels(labels: Tensor, { partner, lambda }: Pick<Mixed, 'partner' | 'lambda'>): Tensor {
  return blend(labels, partner, lambda);
}

/** Below, both gamma draws may be too small for float32; above, every share is a half. */
const ALPHA = [0.1, 1000] as const;

/** Beta(alpha, alpha) as the share of one gamma draw in two, `[B]`. */
function shares(rng: Rng, batch: number, alpha: number, shared = false): Tensor {
  const count = shared ? 1 : batch;
  const types = { dtype: { dtype: 'float32' }, T: { dtype: 'int32' }, Tseed: { dtype: 'int32' } } as const;
  const gamma = (): Tensor =>
    nativeOp('StatelessRandomGammaV2', [tf.tensor1d([count], 'int32'), rng.next(), tf.scalar(alpha)], types);
  const [a, b] = [gamma(), gamma()];
  const sum = a.add(b);
  const share = tf.where(sum.greater(0), a.div(tf.maximum(sum, 1e-38)), tf.fill([count], 0.5));
  return shared ? tf.tile(share, [batch]) : share;
}

/** Where the largest, second largest … of uniform numbers are: every order equally likely. `[B]` int32. */
function permutation(rng: Rng, batch: number): Tensor {
  return tf.topk(uniform(rng, [batch]), batch).indices;
}

function batchOf(who: string, images: Tensor): number {
  if (images.shape.length === 4) return images.shape[0]!;
  throw new ShapeError(`${who}: images must be [B, H, W, C]; got [${images.shape}]`);
}
