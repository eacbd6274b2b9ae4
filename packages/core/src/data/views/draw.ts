import { ShapeError } from '../../errors.ts';
import { type Rng, uniform } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { type Canvas, images as finished, type Resampling, settleUpright } from './canvas.ts';
import { checkChannels, skips } from './channel-rule.ts';
import { column, type Drawn, type Frame } from './op.ts';
import { inParts } from './parts.ts';
import { everyView, known, prepared, type ViewPlan, type ViewSpec } from './plan.ts';
import type { ViewOp } from './registry.ts';

/** For each view of a plan, for each of its ops, what was drawn. */
export type ViewParameters = readonly (readonly Drawn[])[];

/** Pictures of different sizes in canvases of one size. */
export interface PictureSizes {
  /** `[B, 2]`, true height and width of each picture; without it, those of the canvas. */
  readonly sizes?: Tensor;
  /**
   * Where a picture lies: as it is in the `corner` at the upper left (default), or made to `fill` the canvas, its proportions
   * changed. Either way crops are drawn in true pixels, so that they have the area and the proportions that the original's would have.
   */
  readonly layout?: 'corner' | 'fill';
}

export interface DrawOptions extends PictureSizes {
  readonly rng: Rng;
}

/**
 * Draws every view of a batch, all with random numbers of their own. Works inside `compile`; reads nothing to the host.
 * @param plan as `views()` returns it.
 * @param images `[B, H, W, C]`, 0 to 255, bytes (`byteTensor`), float32 or int32.
 * @returns one tensor `[B, size, size, C]` for each view, 0 to 1 or normalised. The caller frees them.
 * @throws ShapeError when images or sizes have another shape.
 * @throws ConfigError when an op of the plan has no meaning on so many channels: see `channelRule`.
 */
export function drawViews(plan: ViewPlan, images: Tensor, options: DrawOptions): Tensor[] {
  return tf.tidy(() => applyViews(plan, images, drawParameters(plan, images.shape, options)));
}

/**
 * Draws the parameters alone.
 * @param shape `[B, H, W, C]` of the images.
 * @returns tensors `[B]` or `[B, k]`, by view and op, which the caller frees. Where an op leaves a picture alone, they say so (a factor of 1, a sigma of 0).
 */
export function drawParameters(
  plan: ViewPlan,
  shape: readonly number[],
  { rng, ...pictures }: DrawOptions,
): ViewParameters {
  return tf.tidy(() => {
    const frame = frameOf(shape, pictures);
    return everyView(plan).map(view => drawView(view, { ...frame, size: view.size }, rng));
  });
}

function frameOf(shape: readonly number[], { sizes, layout = 'corner' }: PictureSizes): Omit<Frame, 'size'> {
  const [batch, H, W, channels] = checkImages(shape);
  const canvas = [H, W] as const;
  if (!sizes) return { height: tf.fill([batch], H), width: tf.fill([batch], W), channels, canvas, layout: 'same' };
  if (sizes.shape.length !== 2 || sizes.shape[0] !== batch || sizes.shape[1] !== 2) {
    throw new ShapeError(
      `drawViews: sizes must be [${batch}, 2], a height and a width for each image; got [${sizes.shape}]`,
    );
  }
  const numbers = tf.cast(sizes, 'float32');
  return { height: column(numbers, 0), width: column(numbers, 1), channels, canvas, layout };
}

/** One uniform draw serves a whole view: each op takes its share of the columns. */
function drawView({ ops }: ViewSpec, frame: Frame, rng: Rng): Drawn[] {
  const batch = frame.height.shape[0]!;
  const counts = ops.map(op => known(op).draws);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const numbers = uniform(rng, [batch, Math.max(total, 1)]);
  let start = 0;
  return ops.map((op, i) => {
    const own = tf.slice(numbers, [0, start], [batch, counts[i]!]);
    start += counts[i]!;
    return known(op).draw(op, own, frame);
  });
}

/**
 * Applies given parameters: those drawn, or any others of the same form.
 * @returns as `drawViews`.
 */
export function applyViews(plan: ViewPlan, images: Tensor, parameters: ViewParameters): Tensor[] {
  const channels = checkImages(images.shape)[3];
  checkChannels(plan, channels);
  return tf.tidy(() => {
    return everyView(plan).map((view, i) => tf.tidy(() => applyView(view, images, parameters[i]!)));
  });
}

function applyView(view: ViewSpec, pixels: Tensor, parameters: readonly Drawn[]): Tensor {
  const channels = pixels.shape[3]!;
  const { scale, offset } = output(view, channels);
  const ops = view.ops.flatMap((op, i) =>
    skips(op, channels) ? [] : [{ op, drawn: prepared(op, parameters[i]!, view.size) }],
  );
  const { framed, rest } = frame({ pixels, raw: true, size: view.size }, ops);
  const waiting: { readonly rows?: Resampling; readonly columns?: Resampling } = {
    ...(framed.rows && { rows: framed.rows }),
    ...(framed.columns && { columns: framed.columns }),
  };
  const parts = inParts(view.size ** 2, channels, { pixels, waiting, drawn: rest.map(({ drawn }) => drawn) });
  const changed = parts.map(part =>
    tf.tidy(() => {
      const start: Canvas = { ...framed, ...part.waiting, pixels: part.pixels };
      return settleUpright(rest.reduce((canvas, { op }, i) => known(op).apply(canvas, op, part.drawn[i]!), start));
    }),
  );
  return finished(changed, scale, offset);
}

interface Prepared {
  readonly op: ViewOp;
  readonly drawn: Drawn;
}

/** The ops in front that only say where pixels come from, for the whole batch: they are small, so that their number counts. */
function frame(start: Canvas, ops: readonly Prepared[]): { framed: Canvas; rest: readonly Prepared[] } {
  let framed = start;
  for (const [i, { op, drawn }] of ops.entries()) {
    const { framing, mirrors, apply } = known(op);
    if (!framing && !(mirrors && framed.rows && framed.columns)) return { framed, rest: ops.slice(i) };
    framed = apply(framed, op, drawn);
  }
  return { framed, rest: [] };
}

/** The last step for each channel: `x · scale + offset`. */
function output({ normalize }: ViewSpec, channels: number): { scale: number[]; offset: number[] } {
  if (!normalize) return { scale: Array(channels).fill(1), offset: Array(channels).fill(0) };
  const { mean, std } = normalize;
  if (mean.length !== channels) {
    throw new ShapeError(
      `drawViews: normalize must have one mean for each of ${channels} channels; got ${mean.length}`,
    );
  }
  return { scale: std.map(s => 1 / s), offset: mean.map((m, i) => -m / std[i]!) };
}

function checkImages(shape: readonly number[]): readonly [number, number, number, number] {
  if (shape.length !== 4) throw new ShapeError(`drawViews: images must be [B, H, W, C]; got [${shape}]`);
  return shape as unknown as readonly [number, number, number, number];
}
