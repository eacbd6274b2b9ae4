/** One part of a batch, in the graph: its views, its random numbers, and where its gradients are summed up. */
import { applyViews, type ViewParameters } from '../data/index.ts';
import { variable } from '../nn/layers.ts';
import { inContext } from '../tensor/context.ts';
import { nativeOp } from '../tensor/native.ts';
import { rngFromKey } from '../tensor/rng.ts';
import { rowsFrom } from '../tensor/rows.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import type { Variable } from '../tensor/variable.ts';
import type { Batch, Method } from './method.ts';
import type { StepInput } from './train-step.ts';

/** What a graph takes that works on one part of the batch. */
export type PartInput = {
  readonly input: StepInput;
  /** Drawn for the whole batch, so that how it is divided does not change its views. */
  readonly parameters: ViewParameters;
  /** `[1]` int32, the place of the part's first image. */
  readonly start: Tensor;
};

/** Odd, so that no two parts of a batch have the same key (the multiplier of MurmurHash3's finaliser). */
const KEY_STRIDE = 0x85ebca6b | 0;

/** Training on one part: random numbers that follow from the step's key and the part's place, the same ones each time. */
export function inPart<R>({ input, start }: PartInput, body: () => R): R {
  const offset = start.add(tf.scalar(1, 'int32')).mul(tf.scalar(KEY_STRIDE, 'int32'));
  const key = input.key.add(tf.concat([offset, tf.zeros([1], 'int32')]));
  return inContext({ training: true, rng: rngFromKey(key) }, body);
}

/** The part's images as the method gets them. */
export function partOf(method: Method, { input, parameters, start }: PartInput, size: number): Batch {
  const rows = (x: Tensor): Tensor => rowsFrom(x, start, size);
  const named = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, rows(x)]));
  const own = parameters.map(view => view.map(named));
  const views = applyViews(method.views, rows(input.images), own);
  const labels = input.labels[0] && { labels: rows(input.labels[0]) };
  return { views, indices: rows(input.indices), drawn: named(input.drawn), ...labels };
}

/** Sums of gradients over the parts of a batch, one for each trained variable, in their order. */
export interface GradientSums {
  readonly variables: readonly Variable[];
  /** In the graph: back to 0, an argument of it: zeros that the library can work out beforehand would be kept in the graph, several copies of them. */
  clear(zero: Tensor): void;
  /** In the graph: adds what there is. */
  add(gradients: readonly (Tensor | undefined)[]): void;
}

export function gradientSums(trained: readonly Variable[]): GradientSums {
  const variables = trained.map(({ shape, name }) =>
    variable(() => filled(shape, tf.scalar(0)), { kind: 'buffer', name: `${name}.gradient` }),
  );
  return {
    variables,
    clear(zero) {
      for (const sum of variables) sum.assign(filled(sum.shape, zero));
    },
    add(gradients) {
      const attrs = { dtype: { dtype: 'float32' } } as const;
      for (const [i, gradient] of gradients.entries())
        if (gradient) variables[i]!.update('AssignAddVariableOp', [gradient], attrs);
    },
  };
}

function filled(shape: readonly number[], value: Tensor): Tensor {
  const types = { T: { dtype: 'float32' }, index_type: { dtype: 'int32' } } as const;
  return tf.tidy(() => nativeOp('Fill', [tf.tensor1d([...shape], 'int32'), value], types));
}
