import {
  ConfigError,
  l2Normalize,
  logSumExpSimilarities,
  nativeOps,
  ownColumns,
  ShapeError,
  softmaxCrossEntropy,
  stepContext,
  type Tensor,
  tf,
} from '@ssl/core';

export interface SupConLossOptions {
  /** τ, above 0. */
  readonly temperature: number;
  /** Above 0; the loss is multiplied by temperature / baseTemperature. Default `temperature`: equation 2 as it stands. */
  readonly baseTemperature?: number;
}

/**
 * Supervised contrastive loss L_out (arXiv:2004.11362 eq. 2; HobbitLong/SupContrast, losses.py): each row has to pick the other rows of its
 * class, one at a time, out of all other rows, of every rank. Memory grows with V·B, not its square: similarities come in tiles, and the
 * mean over the rows of a class is found from their sum.
 * @param z `[V·B, P]`, V views of B images one after the other, of any length: rows are normalised here
 * @param labels `[B]` int32; below 0, an image has no label, and is alone in its class: where all are, this is NT-Xent for V = 2
 * @returns scalar, the mean over rows; ln(V·B − 1) · temperature / baseTemperature when all rows point one way. A row alone in its class (V = 1) counts 0
 * @throws ShapeError when `z` is not V views of the images that `labels` names, or has fewer than two rows
 * @throws ConfigError when a temperature is not above 0
 */
export function supConLoss(z: Tensor, labels: Tensor, options: SupConLossOptions): Tensor {
  return supConTerms(z, labels, options).loss;
}

export interface SupConTerms {
  readonly loss: Tensor;
  /** scalar: other images of an image's class in the batch, of every rank, on average. */
  readonly classmates: Tensor;
}

/** `supConLoss` and what tells whether labels had a part in it. */
export function supConTerms(z: Tensor, labels: Tensor, options: SupConLossOptions): SupConTerms {
  const { temperature, baseTemperature = temperature } = options;
  check(z, labels, { temperature, baseTemperature });
  const [rows, images] = [z.shape[0]!, labels.shape[0]!];
  const views = rows / images;
  const unit = l2Normalize(z);
  const { rank } = stepContext().world;
  const columns = stepContext().world.gather(unit); //                          [size·V·B, P], rank after rank
  const exclude = ownColumns(rows, { offset: rank * rows });
  const denominators = logSumExpSimilarities(unit, columns, { temperature, exclude }); //   [V·B]

  const { sums, sizes } = classesOf(columns, labels, views); //                 [B, P] and [B] of the own images
  const own = imageSums(unit, 1, views); //                                     [B, P]
  const others = sizes.mul(views).sub(1); //                                    [B], |P(i)|
  const agreement = own
    .mul(sums)
    .sum(1)
    .sub(imageSums(unit.square(), 1, views).sum(1)); //   [B], over views and positives
  const positives = agreement.div(others.maximum(1)).div(temperature); //       [B], summed over views
  const counted = tf.cast(others.greater(0), 'float32');
  const all = imageSums(denominators.expandDims(1), 1, views).reshape([images]).mul(counted);
  const loss = all
    .sub(positives)
    .mean()
    .mul(temperature / (baseTemperature * views));
  return { loss, classmates: sizes.sub(1).mean() };
}

/** Rows of rank after rank, each view after view, summed over views. `[size·V·B, P]` → `[size·B, P]` */
function imageSums(x: Tensor, size: number, views: number): Tensor {
  const [rows, width] = x.shape as [number, number];
  const images = rows / (size * views);
  if (views === 1) return x;
  return x
    .reshape([size, views, images, width])
    .sum(1)
    .reshape([size * images, width]);
}

/** For each own image the sum of the rows of its class, over all ranks, and how many images these are. */
function classesOf(columns: Tensor, labels: Tensor, views: number): { readonly sums: Tensor; readonly sizes: Tensor } {
  const { rank, size, gather } = stepContext().world;
  const classes = denseClasses(gather(labels)); //                              [size·B]
  const count = classes.shape[0]!;
  const own = tf.slice(classes, rank * labels.shape[0]!, labels.shape[0]!);
  const sum = (x: Tensor): Tensor => tf.gather(tf.unsortedSegmentSum(x, classes as never, count), own);
  return { sums: sum(imageSums(columns, size, views)), sizes: sum(tf.ones([count])) };
}

/**
 * Labels of any size as numbers from 0 on, the same for the same label, without comparing each with each: in order, a number begins where a
 * label differs from the one before it. Images without a label get a number each. `[M]` int32 → `[M]` int32, below M
 */
function denseClasses(labels: Tensor): Tensor {
  const count = labels.shape[0]!;
  const apart = tf.where(labels.less(0), tf.range(-count, 0, 1, 'int32'), labels);
  const attributes = { T: { dtype: 'int32' }, sorted: true } as const;
  const [sorted, places] = nativeOps('TopKV2', [apart, tf.scalar(count, 'int32')], attributes, 2) as [Tensor, Tensor];
  const begins = tf.notEqual(sorted.slice(1), sorted.slice(0, count - 1));
  const numbers = tf.cumsum(tf.concat([tf.zeros([1]), tf.cast(begins, 'float32')])); // [M], in the order of `sorted`
  return tf.cast(tf.unsortedSegmentSum(numbers, places as never, count), 'int32'); //    back in the order of `labels`
}

export interface CrossEntropyLossOptions {
  /** In `[0, 1]`: this share of the target is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Mean cross-entropy over the rows that have a label, of every rank.
 * @param logits `[V·B, K]`, V views of B images one after the other
 * @param labels `[B]` int32, below K; below 0, an image has no label and does not count
 * @returns scalar; ln K for equal logits, 0 where no image has a label
 * @throws ShapeError when `logits` is not V views of the images that `labels` names
 */
export function crossEntropyLoss(logits: Tensor, labels: Tensor, options: CrossEntropyLossOptions = {}): Tensor {
  checkViews('crossEntropyLoss', 'logits', logits, labels);
  const [rows, classes] = logits.shape as [number, number];
  const each = labels.tile([rows / labels.shape[0]!]); //               [V·B]
  const known = tf.cast(each.greaterEqual(0), 'float32');
  // Rows without a label get equal logits: they add ln K, which is taken away again, and no gradient.
  const answers = each.maximum(tf.scalar(0, 'int32'));
  const mean = softmaxCrossEntropy(logits.mul(known.expandDims(1)), answers, options);
  const unknown = known.mean().mul(-1).add(1);
  const { size, sum } = stepContext().world;
  const share = sum(known.mean()).div(size); //                          of all ranks' rows
  return mean.sub(unknown.mul(Math.log(classes))).div(share.maximum(1 / (2 * rows * size)));
}

function check(z: Tensor, labels: Tensor, temperatures: Readonly<Record<string, number>>): void {
  checkViews('supConLoss', 'z', z, labels);
  if (z.shape[0]! < 2) {
    throw new ShapeError(`supConLoss: z must have at least two rows, to tell one from another; got [${z.shape}]`);
  }
  for (const [name, value] of Object.entries(temperatures)) {
    if (!(value > 0)) throw new ConfigError(`supConLoss: ${name} must be above 0; got ${value}`);
  }
}

function checkViews(who: string, name: string, x: Tensor, labels: Tensor): void {
  const images = labels.shape[0] ?? 0;
  if (labels.rank !== 1 || labels.dtype !== 'int32' || images === 0) {
    throw new ShapeError(`${who}: labels must be int32 [B], B at least 1; got ${labels.dtype}[${labels.shape}]`);
  }
  if (x.rank === 2 && x.size > 0 && x.shape[0]! % images === 0) return;
  throw new ShapeError(
    `${who}: ${name} must be V views of ${images} images stacked, [V·${images}, …]; got [${x.shape}]`,
  );
}
