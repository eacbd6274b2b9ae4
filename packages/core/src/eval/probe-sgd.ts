/** Linear classifiers by stochastic gradient descent, all settings in one graph. */
import { epochOrder } from '../data/sampler.ts';
import { matMul } from '../ops/linear.ts';
import { linearCrossEntropy } from '../ops/linear-classifier.ts';
import { cosine } from '../optim/schedule.ts';
import { compile } from '../tensor/compile.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';
import type { SgdSetting, SgdSettings } from './probe-config.ts';
import type { LinearWeights, ProbeRows } from './probe-rows.ts';

/** What stays the same from step to step. */
type Given = { readonly x: Tensor; readonly columns: Tensor; readonly rates: Tensor; readonly decays: Tensor };
/** `rows` `[B]` int32; `factor` scalar, of the schedule. */
type Changing = { readonly rows: Tensor; readonly factor: Tensor };

/**
 * One classifier for each setting, all of them from zeros (the problem is convex, so nothing hangs on it) and over the same batches. SGD with
 * momentum as PyTorch's, the learning rate down to 0 along a cosine, step by step. Rows that do not fill a batch wait for the next epoch's order.
 * A setting that diverges ends as NaN or huge and harms no other.
 */
export async function fitSgd(
  rows: ProbeRows,
  settings: readonly SgdSetting[],
  { epochs, momentum, seed, batchSize }: SgdSettings & { readonly seed: number },
  onEpoch: (done: number) => void,
): Promise<LinearWeights[]> {
  const sweep = sweepOf(rows, settings, momentum, batchSize);
  try {
    const count = rows.columns.length;
    const perEpoch = Math.floor(count / batchSize);
    const schedule = cosine(1);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = Int32Array.from(epochOrder(count, seed, epoch));
      for (let i = 0; i < perEpoch; i++) {
        const batch = order.subarray(i * batchSize, (i + 1) * batchSize);
        await sweep.step(batch, schedule(epoch * perEpoch + i, epochs * perEpoch));
      }
      onEpoch(epoch + 1);
    }
    return sweep.classifiers();
  } finally {
    sweep.dispose();
  }
}

interface Sweep {
  step(batch: Int32Array, factor: number): Promise<void>;
  classifiers(): LinearWeights[];
  dispose(): void;
}

function sweepOf(rows: ProbeRows, settings: readonly SgdSetting[], momentum: number, batchSize: number): Sweep {
  const { dim, classes } = rows;
  const width = settings.length * classes;
  const [weight, bias, weightSum, biasSum] = [[dim, width], [width], [dim, width], [width]].map(zeros) as Four;
  const each = (value: (setting: SgdSetting) => number): Tensor =>
    tf.tensor1d(settings.flatMap(setting => Array<number>(classes).fill(value(setting))));
  const given: Given = {
    x: tf.tensor2d(rows.features, [rows.columns.length, dim]),
    columns: tf.tensor1d(rows.columns, 'int32'),
    rates: each(({ learningRate }) => (learningRate * batchSize) / 256),
    decays: each(({ weightDecay }) => weightDecay),
  };
  const graph = compile(({ x, columns, rates, decays }: Given, { rows: places, factor }: Changing) => {
    const batch = tf.gather(x, places); //                                                                [B, D]
    const read = { weight: weight.read(), bias: bias.read() };
    const { losses, gradient } = linearCrossEntropy(batch, tf.gather(columns, places), read, settings.length);
    const mean = gradient.div(batchSize);
    const rate = rates.mul(factor);
    descend(weight, weightSum, matMul(batch, mean, true).add(read.weight.mul(decays)), rate, momentum);
    descend(bias, biasSum, mean.sum(0), rate, momentum);
    return losses.mean(0); //                                                                             [R]
  }, 'linear_probe_sgd');
  return {
    async step(batch, factor) {
      const changing = { rows: tf.tensor1d(batch, 'int32'), factor: tf.scalar(factor) };
      tf.dispose(await graph(given, changing).finally(() => tf.dispose(changing)));
    },
    classifiers: () => apart(weight, bias, settings.length),
    dispose() {
      graph.dispose();
      tf.dispose(given);
      for (const variable of [weight, bias, weightSum, biasSum]) variable.dispose();
    },
  };
}

type Four = [weight: Variable, bias: Variable, weightSum: Variable, biasSum: Variable];

function zeros(shape: number[]): Variable {
  const initial = tf.zeros(shape);
  try {
    return new Variable(initial, { kind: 'buffer' });
  } finally {
    initial.dispose();
  }
}

/** Every column at its own rate, which the library's momentum op cannot. */
function descend(variable: Variable, sum: Variable, gradient: Tensor, rate: Tensor, momentum: number): void {
  sum.assign(sum.read().mul(momentum).add(gradient));
  variable.update('AssignSubVariableOp', [sum.read().mul(rate)], { dtype: { dtype: 'float32' } });
}

/** The classifiers that stand side by side, one by one. */
function apart(weight: Variable, bias: Variable, count: number): LinearWeights[] {
  const [dim, width] = weight.shape as [number, number];
  const classes = width / count;
  const [weights, biases] = [weight.values() as Float32Array, bias.values() as Float32Array];
  return Array.from({ length: count }, (_, r) => {
    const own = new Float32Array(dim * classes);
    for (let d = 0; d < dim; d++) {
      const first = d * width + r * classes;
      own.set(weights.subarray(first, first + classes), d * classes);
    }
    return { weight: own, bias: biases.slice(r * classes, (r + 1) * classes) };
  });
}
