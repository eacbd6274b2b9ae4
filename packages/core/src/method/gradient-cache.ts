/**
 * Gradient caching (Gao et al. 2021, arXiv:2101.06983 §3): the network sees the batch in parts, the loss sees all of it. The rows are
 * encoded without keeping activations; the loss gives their gradients; each part is encoded again and its rows' gradients are
 * carried on to the weights. So the memory is that of one part, the rows, and the sums of the gradients.
 */
import { ShapeError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { demandGradients, gradientsWhereUsed } from '../tensor/gradients.ts';
import { rngFromKey } from '../tensor/rng.ts';
import { rowsFrom } from '../tensor/rows.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves } from '../tensor/tree.ts';
import { withoutWrites } from '../tensor/variable.ts';
import { featureMetrics } from './feature-metrics.ts';
import type { Encoded, Method, StepResult } from './method.ts';
import { type GradientSums, inPart, type PartInput, partOf } from './micro-batch.ts';
import type { StepInput, StepMetrics } from './train-step.ts';
import { keepAll, type Learner, progressOf } from './update.ts';

/** How the gradients of a batch are found part by part. */
export interface PartsRun {
  /** Adds the batch's gradients to the sums. @returns the metrics besides `gradNorm` */
  run(parts: readonly PartInput[]): Promise<StepMetrics>;
  readonly graphs: number;
  dispose(): void;
}

export function gradientCache(learner: Learner, sums: GradientSums, size: number): PartsRun {
  const { method, trained } = learner;
  const variables = [...trained.values()];
  const reached = new Set<unknown>();
  const reach = (gradients: readonly (Tensor | undefined)[]): void => {
    for (const [i, variable] of variables.entries()) if (gradients[i]) reached.add(variable);
    sums.add(gradients.slice(0, variables.length));
  };
  const encode = compile(
    (part: PartInput) => inPart(part, () => encodePart(method, part, size)),
    `${method.name}_rows`,
  );
  const loss = compile(({ input, rows }: { input: StepInput; rows: Encoded }) => {
    const { names, gradients, metrics } = lossOf(learner, variables, input, rows);
    reach(gradients);
    return { metrics, gradients: definedOf(names, gradients.slice(variables.length)) };
  }, `${method.name}_loss`);
  const backward = compile(
    (part: PartInput & { gradients: Encoded }) =>
      inPart(part, () => {
        const { gradients } = gradientsWhereUsed(
          () => withoutWrites(() => weighed(encodePart(method, part, size), part, size)),
          variables,
        );
        reach(gradients);
        demandGradients(variables, variable => reached.has(variable));
        return {};
      }),
    `${method.name}_backward`,
  );
  const all = [encode, loss, backward];
  return {
    async run(given) {
      const rows = await encodeAll(encode, given);
      const { gradients, metrics } = await loss({ input: given[0]!.input, rows }).finally(() =>
        tf.dispose(leaves(rows)),
      );
      try {
        for (const part of given) await backward({ ...part, gradients });
      } finally {
        tf.dispose(leaves(gradients));
      }
      return metrics;
    },
    get graphs() {
      return all.reduce((sum, { graphs }) => sum + graphs, 0);
    },
    dispose: () => {
      for (const each of all) each.dispose();
    },
  };
}

/** In the graph: the rows of a part. */
export function encodePart(method: Method, part: PartInput, size: number): Encoded {
  const encoded = method.parts!.encode(partOf(method, part, size), progressOf(part.input));
  for (const [name, { shape }] of Object.entries(encoded)) {
    if (shape[0] === size) continue;
    throw new ShapeError(
      `${method.name}: encode must give a row an image, [${size}, …]; got [${shape}] for '${name}'; split what is stacked`,
    );
  }
  return encoded;
}

async function encodeAll(encode: (part: PartInput) => Promise<Encoded>, parts: readonly PartInput[]): Promise<Encoded> {
  const encoded: Encoded[] = [];
  try {
    for (const part of parts) encoded.push(await encode(part));
    const names = Object.keys(encoded[0]!);
    return Object.fromEntries(names.map(name => [name, tf.concat(encoded.map(rows => rows[name]!))]));
  } finally {
    tf.dispose(encoded.flatMap(leaves));
  }
}

/** In the graph: the loss of all rows, and its gradients with respect to the variables, then the rows by `names`. */
function lossOf(
  learner: Learner,
  variables: Parameters<typeof gradientsWhereUsed>[1],
  input: StepInput,
  rows: Encoded,
): { names: string[]; gradients: (Tensor | undefined)[]; metrics: StepMetrics } {
  const { indices, drawn, labels } = input;
  const names = Object.keys(rows).filter(name => rows[name]!.dtype === 'float32');
  const batch = { views: [], indices, drawn, ...(labels[0] && { labels: labels[0] }) };
  return inContext({ training: true, rng: rngFromKey(input.key) }, () => {
    let result: StepResult | undefined;
    const { value, gradients } = gradientsWhereUsed(
      () => {
        result = keepAll(learner.method.parts!.loss(rows, batch, progressOf(input)));
        return result.loss;
      },
      variables,
      names.map(name => rows[name]!),
    );
    const { features, metrics } = result!;
    return {
      names,
      gradients,
      metrics: { loss: value, ...featureMetrics(learner, features, input), ...metrics },
    };
  });
}

/** In the graph: a scalar whose gradient with respect to the rows is the one that the loss gave them. */
function weighed(encoded: Encoded, { start, gradients }: PartInput & { gradients: Encoded }, size: number): Tensor {
  const each = Object.entries(gradients).map(([name, gradient]) =>
    encoded[name]!.mul(rowsFrom(gradient, start, size)).sum(),
  );
  return each.length === 0 ? tf.scalar(0) : tf.addN(each);
}

function definedOf(names: readonly string[], gradients: readonly (Tensor | undefined)[]): Encoded {
  return Object.fromEntries(names.flatMap((name, i) => (gradients[i] ? [[name, gradients[i]]] : [])));
}
