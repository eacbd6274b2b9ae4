/** A training step whose batch goes through the network in parts, with the result of the undivided one. */
import { drawParameters } from '../data/index.ts';
import { ConfigError } from '../errors.ts';
import { compile } from '../tensor/compile.ts';
import { inContext, stepRng } from '../tensor/context.ts';
import { rngFromKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves, mapTree } from '../tensor/tree.ts';
import { accumulation, lossWrites } from './accumulation.ts';
import { gradientCache, type PartsRun } from './gradient-cache.ts';
import type { Method } from './method.ts';
import { type GradientSums, gradientSums, type PartInput } from './micro-batch.ts';
import type { StepInput, StepMetrics, StepRun } from './train-step.ts';
import { type Learner, progressOf, update } from './update.ts';

/** Throws `ConfigError` for a method whose batch cannot be divided. */
export function requireDivisible({ name, parts, acrossRanks }: Method): void {
  if (parts || acrossRanks === 'mean') return;
  throw new ConfigError(
    `${name}: microBatchSize needs a loss that is the mean over images, or a step in two parts; got acrossRanks '${acrossRanks}' without parts; ` +
      'leave microBatchSize out, or write encode and loss and join them with inParts',
  );
}

/**
 * The loops over the parts run here, over compiled functions, so that more parts make no larger graph. Views are those of the undivided step;
 * other random numbers differ from part to part.
 */
export function dividedStep(learner: Learner, size: number): StepRun {
  const { method, trained } = learner;
  const sums = gradientSums([...trained.values()]);
  const { begin, end } = ends(learner, sums);
  let way: PartsRun | undefined;
  const run = async (input: StepInput): Promise<StepMetrics> => {
    const starts = startsOf(method, input, size);
    const zero = tf.scalar(0);
    const parameters = await begin({ input, zero }).finally(() => zero.dispose());
    try {
      const parts: PartInput[] = starts.map(start => ({ input, parameters, start }));
      way ??= await wayOf(learner, sums, parts[0]!, size);
      const { loss, ...own } = await way.run(parts);
      return { loss: loss!, gradNorm: await end(input), ...own };
    } finally {
      tf.dispose([...starts, ...leaves(parameters)]);
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (given: StepInput): Promise<StepMetrics> => {
    const input = mapTree(given, tensor => tensor.clone()); // the caller may dispose of its own
    const result = last.then(() => run(input)).finally(() => tf.dispose(leaves(input)));
    last = result.catch(() => {});
    return result;
  };
  return Object.defineProperties(inTurn as StepRun, {
    graphs: { get: () => begin.graphs + end.graphs + (way?.graphs ?? 0) },
    dispose: {
      value: (): void => {
        for (const each of [begin, end, way]) each?.dispose();
        for (const sum of sums.variables) sum.dispose();
      },
    },
  });
}

/** What is done once a step, before and after the parts. */
function ends(learner: Learner, sums: GradientSums) {
  const { method } = learner;
  const training = <R>({ key }: StepInput, body: () => R): R =>
    inContext({ training: true, rng: rngFromKey(key) }, body);
  const begin = compile(
    ({ input, zero }: { input: StepInput; zero: Tensor }) =>
      training(input, () => {
        method.beforeStep?.(progressOf(input));
        sums.clear(zero);
        const { images, sizes } = input;
        return drawParameters(method.views, images.shape, { rng: stepRng('views'), sizes, layout: 'fill' });
      }),
    `${method.name}_begin`,
  );
  const end = compile(
    (input: StepInput): Tensor =>
      training(input, () =>
        update(
          learner,
          sums.variables.map(sum => sum.read()),
          input,
        ),
      ),
    `${method.name}_end`,
  );
  return { begin, end };
}

/** One pass where the loss is a mean and changes nothing, else two. */
async function wayOf(learner: Learner, sums: GradientSums, part: PartInput, size: number): Promise<PartsRun> {
  const { method } = learner;
  const mean = method.acrossRanks === 'mean' && !(method.parts && (await lossWrites(method, part, size)));
  return (mean ? accumulation : gradientCache)(learner, sums, size);
}

function startsOf({ name }: Method, { indices }: StepInput, size: number): Tensor[] {
  const batch = indices.shape[0]!;
  if (batch % size !== 0)
    throw new ConfigError(`${name}: microBatchSize must divide the batch; got ${size} for ${batch} images`);
  return Array.from({ length: batch / size }, (_, i) => tf.tensor1d([i * size], 'int32'));
}
