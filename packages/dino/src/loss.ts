import {
  ConfigError,
  customGrad,
  nativeOp,
  nativeOps,
  ShapeError,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
} from '@ssl/core';

export interface DINOTargetOptions {
  /** τ of the teacher, above 0: a number, or a scalar. */
  readonly teacherTemperature: number | Tensor;
  /** `[K]`, the centre of the teacher's outputs; none without it. */
  readonly center?: Tensor;
}

export interface DINOLossOptions extends DINOTargetOptions {
  /** τ of the student, above 0. */
  readonly studentTemperature: number;
}

/**
 * DINO (arXiv:2104.14294 eq. 3; main_dino.py, `DINOLoss`): the student is to predict from each view of a picture what the teacher makes of the
 * others, centred and sharpened. The mean cross-entropy over all pairs of a teacher's view and another one of the student's.
 * @param student outputs for each view, `[B, K]`, those that the teacher sees first
 * @param teacher outputs for the first views, `[B, K]`; they get no gradient
 * @returns scalar, the mean over images; ln K when the student's outputs tell nothing apart
 * @throws ShapeError when the tensors are not alike, or there is no pair of different views
 * @throws ConfigError when a temperature is not above 0
 */
export function dinoLoss(
  student: readonly Tensor[],
  teacher: readonly Tensor[],
  { studentTemperature, ...options }: DINOLossOptions,
): Tensor {
  checkViews(student, teacher);
  requireTemperature('studentTemperature', studentTemperature);
  const targets = teacher.map(outputs => dinoTargets(outputs, options));
  return crossEntropyOfPairs(
    student.map(outputs => outputs.div(studentTemperature)),
    targets,
  );
}

/**
 * What the teacher says of each image: softmax((outputs − centre) / τ), without a gradient.
 * @param outputs `[N, K]`
 * @returns `[N, K]`, rows that sum to 1
 */
export function dinoTargets(outputs: Tensor, { teacherTemperature, center }: DINOTargetOptions): Tensor {
  return tf.softmax(sharpened(outputs, { teacherTemperature, ...(center && { center }) }) as never);
}

/** Rounds of Sinkhorn-Knopp: `n_iterations` of dinov2/loss/dino_clstoken_loss.py. */
const ROUNDS = 3;

/**
 * The targets of DINOv2 (arXiv:2304.07193 §4, after SwAV; dino_clstoken_loss.py, `sinkhorn_knopp_teacher`): softmax(outputs / τ), divided by turns by
 * the sums over the images of all ranks and by those over the outputs, so that each output gets an equal share. On logarithms: no τ is too small.
 * @param outputs `[N, K]` of this rank
 * @returns `[N, K]`, rows that sum to 1, without a gradient
 */
export function balancedTargets(
  outputs: Tensor,
  { teacherTemperature }: Pick<DINOTargetOptions, 'teacherTemperature'>,
): Tensor {
  const { world } = stepContext();
  let logs = sharpened(outputs, { teacherTemperature });
  for (let i = 0; i < ROUNDS; i++) {
    const top = world.gather(logs.max(0, true)).max(0, true); //                 [1, K]
    const sums = world.sum(tf.exp(logs.sub(top)).sum(0, true)); //               [1, K]
    logs = nativeOp('LogSoftmax', [logs.sub(tf.log(sums).add(top))], { T: { dtype: 'float32' } });
  }
  return tf.exp(logs);
}

/** (outputs − centre) / τ, without a gradient. `[N, K]` */
export function sharpened(outputs: Tensor, { teacherTemperature, center }: DINOTargetOptions): Tensor {
  if (typeof teacherTemperature === 'number') requireTemperature('teacherTemperature', teacherTemperature);
  const given = stopGradient(outputs);
  return (center ? given.sub(center) : given).div(teacherTemperature);
}

/**
 * The mean cross-entropy over pairs of different views, the target of one and the logits of the other. Cross-entropy is linear in the
 * target: each view is compared once, with the mean of its targets.
 * @param logits of each view, `[B, K]`, those that have targets first
 * @param targets of the first views, `[B, K]`
 */
export function crossEntropyOfPairs(logits: readonly Tensor[], targets: readonly Tensor[]): Tensor {
  const ofAll = tf.addN([...targets]);
  const terms = logits.flatMap((view, i) => {
    const own = targets[i];
    const others = targets.length - (own ? 1 : 0);
    if (others === 0) return [];
    return [crossEntropy(view, (own ? ofAll.sub(own) : ofAll).div(others)).mul(others)];
  });
  return tf.addN(terms).div(targets.length * (logits.length - 1));
}

/** Mean over rows. The library works out values and gradients together. */
function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return customGrad([logits], x => {
    const [losses, gradient] = nativeOps(
      'SoftmaxCrossEntropyWithLogits',
      [x!, targets],
      { T: { dtype: 'float32' } },
      2,
    );
    const rows = x!.shape[0]!;
    return { value: losses!.mean(), saved: [gradient!], gradient: (dy, [g]) => [g!.mul(dy.div(rows))] };
  });
}

function requireTemperature(name: string, value: number): void {
  if (value > 0) return;
  throw new ConfigError(
    `dinoLoss: ${name} must be above 0; got ${value}; ${name === 'studentTemperature' ? 0.1 : 0.04} is usual`,
  );
}

function checkViews(student: readonly Tensor[], teacher: readonly Tensor[]): void {
  const [first] = student;
  const alike = [...student, ...teacher].every(
    ({ rank, size, shape }) => rank === 2 && size > 0 && shape.join() === first!.shape.join(),
  );
  if (alike && student.length >= 2 && teacher.length >= 1 && teacher.length <= student.length) return;
  const shapes = (outputs: readonly Tensor[]): string => outputs.map(({ shape }) => `[${shape}]`).join(', ') || 'none';
  throw new ShapeError(
    `dinoLoss: the student's outputs must be two or more [B, K], the teacher's one or more of the same shape and no more of them; got ${shapes(student)} and ${shapes(teacher)}`,
  );
}
