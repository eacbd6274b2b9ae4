/** Multinomial logistic regression with an L2 penalty, to its optimum. */
import { matMul } from '../ops/linear.ts';
import { linearCrossEntropy } from '../ops/linear-classifier.ts';
import { type Compiled, compile } from '../tensor/compile.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type Evaluation, lbfgs } from './lbfgs.ts';
import type { LbfgsSetting } from './probe-config.ts';
import type { LinearWeights, ProbeRows } from './probe-rows.ts';
import { blocksOf, disposeBlocks, type RowBlock } from './probe-score.ts';

/** Largest entry of the gradient at the end; about what float32 sums of rows leave. */
const TOLERANCE = 1e-6;

export interface LbfgsFit extends LinearWeights {
  readonly iterations: number;
  readonly converged: boolean;
}

type Parts = { readonly losses: Tensor; readonly weight: Tensor; readonly bias: Tensor };
type LossGraph = Compiled<[RowBlock, Record<'weight' | 'bias', Tensor>], Parts>;

/**
 * One classifier for each penalty, in the order of `settings`. The strongest comes first and each starts where the last one ended, since the
 * optimum is near there. The bias is not penalised.
 */
export async function fitLbfgs(
  rows: ProbeRows,
  settings: readonly LbfgsSetting[],
  { maxIterations }: { readonly maxIterations: number },
  onDone: (done: number) => void,
): Promise<LbfgsFit[]> {
  const blocks = blocksOf(rows, rows.classes);
  const graph: LossGraph = compile(({ x, columns }, classifier) => {
    const { losses, gradient } = linearCrossEntropy(x, columns, classifier);
    return { losses: losses.reshape([-1]), weight: matMul(x, gradient, true), bias: gradient.sum(0) };
  }, 'linear_probe_lbfgs');
  try {
    const fits = new Map<LbfgsSetting, LbfgsFit>();
    let from: Float64Array = new Float64Array((rows.dim + 1) * rows.classes);
    for (const setting of settings.toSorted((a, b) => b.l2 - a.l2)) {
      const objective = (x: Float64Array): Promise<Evaluation> => penalisedLoss(graph, blocks, rows, setting.l2, x);
      const { x, iterations, converged } = await lbfgs(objective, from, { maxIterations, tolerance: TOLERANCE });
      fits.set(setting, { ...classifierOf(x, rows), iterations, converged });
      from = x;
      onDone(fits.size);
    }
    return settings.map(setting => fits.get(setting)!);
  } finally {
    graph.dispose();
    disposeBlocks(blocks);
  }
}

/** `mean cross-entropy + l2/2 · ‖weight‖²` and its gradient. @param parameters `[D·K + K]`, the weight and then the bias */
async function penalisedLoss(
  graph: LossGraph,
  blocks: readonly RowBlock[],
  rows: ProbeRows,
  l2: number,
  parameters: Float64Array,
): Promise<Evaluation> {
  const count = rows.columns.length;
  const inside = rows.dim * rows.classes;
  const gradient = new Float64Array(parameters.length);
  let value = 0;
  const { weight, bias } = classifierOf(parameters, rows);
  const classifier = { weight: tf.tensor2d(weight, [rows.dim, rows.classes]), bias: tf.tensor1d(bias) };
  try {
    for (const block of blocks) {
      const parts = await graph(block, classifier);
      // Summed in float64: a mean of float32 would hide the gain of the last iterations.
      for (const loss of parts.losses.dataSync()) value += loss / count;
      addTo(gradient, parts.weight.dataSync<'float32'>(), 1 / count, 0);
      addTo(gradient, parts.bias.dataSync<'float32'>(), 1 / count, inside);
      tf.dispose(parts);
    }
  } finally {
    tf.dispose(classifier);
  }
  for (let i = 0; i < inside; i++) {
    value += (l2 / 2) * parameters[i]! ** 2;
    gradient[i]! += l2 * parameters[i]!;
  }
  return { value, gradient };
}

function addTo(sum: Float64Array, values: Float32Array, factor: number, first: number): void {
  for (let i = 0; i < values.length; i++) sum[first + i]! += factor * values[i]!;
}

function classifierOf(parameters: Float64Array, { dim, classes }: ProbeRows): LinearWeights {
  const inside = dim * classes;
  return {
    weight: Float32Array.from(parameters.subarray(0, inside)),
    bias: Float32Array.from(parameters.subarray(inside)),
  };
}
