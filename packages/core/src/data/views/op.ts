/** What an op of a view plan is. To add one: a file in `ops/` with its settings, its factory and its `OpKind`; a line in `registry.ts`. */
import { type Tensor, tf } from '../../tensor/tf.ts';
import type { Canvas } from './canvas.ts';
import type { Range } from './check.ts';

/** The parameters that one op uses for a batch, each `[B]` or `[B, k]`, float32. */
export type Drawn = Readonly<Record<string, Tensor>>;

/** What an op may know when it draws. */
export interface Frame {
  /** `[B]`, true height of each picture, pixels. */
  readonly height: Tensor;
  /** `[B]`, true width of each picture, pixels. */
  readonly width: Tensor;
  readonly channels: number;
  /** Height and width of the canvases that hold the pictures. */
  readonly canvas: readonly [height: number, width: number];
  /** Pictures of the canvas's size, or pictures in its upper left `corner`, or stretched to `fill` it. */
  readonly layout: 'same' | 'corner' | 'fill';
  /** Height and width of the view, pixels. */
  readonly size: number;
}

export interface OpKind<S extends { readonly op: string }, Given = Partial<Omit<S, 'op'>>> {
  /** Framing ops choose the part of the picture that the view shows. A view has one, at the front. They leave pixels as they are. */
  readonly framing?: true;
  /** Only moves output pixels: where a resampling is still to be done, no pixels are touched. */
  readonly mirrors?: true;
  /**
   * What pictures without red, green and blue do to the op: nothing (`any`, the default), or all of it needs three channels (`three`),
   * or only some settings do: a function that names those in use. See `channelRule`, which is the one place that skips and refuses.
   */
  readonly colors?: 'any' | 'three' | ((settings: S) => readonly string[]);
  /** With `colors: 'three'`: a grey picture, of equal red, green and blue, comes out as it was, so nothing is lost on one channel. */
  readonly greyStays?: true;
  /** Settings with every default filled in. @throws ConfigError when one is unknown or out of range. */
  complete(given: Given): S;
  /** @throws ConfigError when the op cannot work on a view of `size` pixels. */
  checkSize?(settings: S, size: number): void;
  /** How many uniform numbers a picture takes. */
  readonly draws: number;
  /** @param u uniform in `[0, 1)`, `[B, draws]`. */
  draw(settings: S, u: Tensor, frame: Frame): Drawn;
  /**
   * What `apply` needs of the drawn parameters, for the whole batch at once, since large pictures are changed in parts of a batch.
   * Without it, the parameters themselves.
   */
  prepare?(settings: S, drawn: Drawn, size: number): Drawn;
  apply(canvas: Canvas, settings: S, prepared: Drawn): Canvas;
  /** Settings that show in a picture what the op does, for the documentation; without them the defaults, with `p` of 1. */
  readonly example?: Given;
}

/** Column `i` of `[B, k]`, as `[B]`. */
export function column(u: Tensor, i: number): Tensor {
  return tf.slice(u, [0, i], [-1, 1]).reshape([-1]);
}

/** Uniform in `[0, 1)` to uniform in `range`. */
export function spread(u: Tensor, [low, high]: Range): Tensor {
  return low === high ? tf.fill(u.shape, low) : u.mul(high - low).add(low);
}

/** 1 with probability `p`, else 0. */
export function coin(u: Tensor, p: number): Tensor {
  return tf.cast(u.less(p), 'float32');
}

/** `value` where the coin is 1, else `neutral`: exactly, so that an op left out changes nothing. */
export function whenApplied(applied: Tensor, value: Tensor, neutral: number): Tensor {
  return tf.where(applied.greater(0), value, tf.fill(value.shape, neutral));
}
