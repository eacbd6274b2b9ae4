/** The losses of a network that tells classes apart: from labels, and from a teacher's answers. */
import {
  ConfigError,
  customGrad,
  nativeOps,
  ShapeError,
  softmax,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
} from '@ssl/core';

export interface DistillationOptions {
  /** Above 0; divides the logits of both. */
  readonly temperature: number;
}

/**
 * Distillation (arXiv:2006.10029 eq. 2): the cross-entropy of the student's probabilities with the teacher's, both at one temperature.
 * It is not multiplied by the squared temperature, as the colab of the code does.
 * @param student `[B, K]` logits
 * @param teacher `[B, K]` logits; no gradient reaches them
 * @returns scalar, the mean over rows; the entropy of the teacher's probabilities when the student has the same
 * @throws ShapeError when both are not alike
 * @throws ConfigError when the temperature is not above 0
 */
export function distillationLoss(student: Tensor, teacher: Tensor, { temperature }: DistillationOptions): Tensor {
  if (!(temperature > 0)) throw new ConfigError(`distillationLoss: temperature must be above 0; got ${temperature}`);
  if (student.rank !== 2 || student.shape.join() !== teacher.shape.join() || student.size === 0) {
    throw new ShapeError(
      `distillationLoss: student and teacher must be logits of the same images and classes, [B, K]; got [${student.shape}] and [${teacher.shape}]`,
    );
  }
  return crossEntropy(student.div(temperature), softmax(stopGradient(teacher).div(temperature))).mean();
}

/** The cross-entropy of each labelled row, 0 for the others; NaN where a label is no class, so that it cannot pass unseen. */
export interface LabelledRows {
  /** `[B]` */
  readonly losses: Tensor;
  /** `[B]`, 1 where the row has a label, else 0 */
  readonly known: Tensor;
  /** `[B]`, 1 where the row has a label and the highest logit is that class's, else 0 */
  readonly right: Tensor;
}

/**
 * @param logits `[B, K]`
 * @param labels `[B]` int32, in [0, K), or negative for none
 * @throws ShapeError when these are not their shapes
 */
export function labelledRows(logits: Tensor, labels: Tensor, labelSmoothing = 0): LabelledRows {
  const [rows, K] = logits.shape as [number, number];
  if (logits.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== rows) {
    throw new ShapeError(
      `labelledRows: logits must be [B, K] and labels [B]; got [${logits.shape}] and [${labels.shape}]`,
    );
  }
  const known = labels.greaterEqual(0).cast('float32');
  const targets = tf
    .oneHot(labels.cast('int32') as never, K)
    .cast('float32')
    .mul(1 - labelSmoothing)
    .add(labelSmoothing / K); //                                                           [B, K]
  const weights = tf.where(labels.less(K), known, tf.fill([rows], Number.NaN));
  const right = tf.equal(tf.argMax(logits, 1), labels).cast('float32'); // a negative label is nobody's answer
  return { losses: crossEntropy(logits, targets).mul(weights), known, right };
}

/** The mean over the labelled rows of all ranks; this rank's part of it. @param values `[B]`, 0 where there is no label */
export function meanOfLabelled(values: Tensor, known: Tensor): Tensor {
  const { world } = stepContext();
  const share = world.sum(known.sum()).maximum(1).div(world.size);
  return values.sum().div(share);
}

/** The cross-entropy of logits with probabilities that sum to 1, row by row; no gradient for the probabilities. `[B, K]`, `[B, K]` → `[B]` */
function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return customGrad([logits], values => {
    const attributes = { T: { dtype: 'float32' } } as const;
    const [losses, gradient] = nativeOps('SoftmaxCrossEntropyWithLogits', [values!, targets], attributes, 2);
    return { value: losses!, saved: [gradient!], gradient: (dy, [g]) => [g!.mul(dy.expandDims(1))] };
  });
}
