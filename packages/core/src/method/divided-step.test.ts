import { describe, expect, test } from 'vitest';
import { ConfigError, ShapeError, TrainingError } from '../errors.ts';
import { linear, variable } from '../nn/layers.ts';
import { sgd } from '../optim/index.ts';
import { stepRng } from '../tensor/context.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { runInChild } from '../tensor/run-in-child.ts';
import { tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import {
  apart,
  inGroups,
  meanMethod,
  OPTIMIZERS,
  sampleInput,
  sampleMethod,
  type Trained,
  trainSample,
} from './divided-sample.ts';
import { inParts, type Method, trainStep } from './index.ts';

/** Graphs of a step: what is before and after the parts, and one pass (part, spread) or two (rows, loss, backward). */
const ONE_PASS = 4;
const TWO_PASSES = 5;

describe('gradient caching', () => {
  test.each(['sgd', 'adamw'] as const)(
    'trains as the undivided step, with random views, a queue and a teacher: %s',
    async name => {
      const options = { optimizer: OPTIMIZERS[name], clipNorm: 1 };
      const whole = await trainSample(sampleMethod(), options);
      expect(Object.keys(whole.metrics[0]!)).toEqual(['loss', 'gradNorm', 'featureStd', 'positive']);
      expect(whole.metrics[0]!.gradNorm).toBeGreaterThan(1); // clipped
      for (const microBatchSize of [1, 4, 12]) {
        const parts = await trainSample(sampleMethod(), { ...options, microBatchSize });
        expect(apart(parts, whole)).toBeLessThan(1e-5);
        expect(parts.graphs).toBe(TWO_PASSES); // however many parts
      }
    },
  );

  test('with batch norm is the step whose batch norm works in groups of that size, running statistics too', async () => {
    const parts = await trainSample(sampleMethod({ norm: true }), { microBatchSize: 4 });
    const groups = await trainSample(inGroups(sampleMethod({ norm: true }), 4));
    const whole = await trainSample(sampleMethod({ norm: true }));
    expect(apart(parts, groups)).toBeLessThan(1e-5);
    expect(apart(parts, whole)).toBeGreaterThan(1e-3);
  });

  test('a batch of 4,096 takes the memory of 256, and gives what it gives at once', async () => {
    const run = (size: string): Promise<Trained & { peaks: [number, number] }> =>
      runInChild(new URL('./divided-sample.ts', import.meta.url), `m.largeBatch(4096${size})`);
    const parts = await run(', 256');
    const whole = await run('');
    const growth = ({ peaks: [before, after] }: typeof parts): number => after - before;
    expect(growth(whole)).toBeGreaterThan(300); //  540 where it was written
    expect(growth(parts)).toBeLessThan(80); //      15; the rows and pictures are 10
    expect(apart(parts, whole)).toBeLessThan(1e-5);
  });

  test('draws the same numbers in both passes, others in each part', async () => {
    const parts = await trainSample(noisyMethod(), { microBatchSize: 6, steps: 1, optimizer: sgd({ momentum: 0 }) });
    const [{ loss, spread }, [weight]] = [parts.metrics[0]!, parts.values.weight!] as const;
    expect(spread).toBeGreaterThan(0.1);
    // The loss is (weight · noise)², its gradient 2 · loss / weight, the rate 0.5 and the weight 1.
    expect(weight).toBeCloseTo(1 - loss!, 5);
  });
});

/** One weight on noise that `encode` draws; the spread between the two halves of the batch is a metric. */
function noisyMethod(): Method {
  const weight = variable(() => tf.scalar(1), {});
  return {
    ...sampleMethod({ plain: true }),
    trained: { weight },
    carried: {},
    afterStep: () => {},
    ...inParts({
      encode: ({ indices }) => ({ z: normal(stepRng('noise'), [indices.shape[0]!, 3]).mul(weight.read()) }),
      loss({ z }) {
        const [a, b] = tf.split(z!, 2);
        return { loss: z!.square().mean(), metrics: { spread: a!.sub(b!).abs().mean() } };
      },
    }),
  };
}

describe('gradient accumulation', () => {
  test.each(['with parts', 'without parts'])('a mean over images takes one pass: %s', async which => {
    const make = (): Method => {
      const { parts, ...method } = meanMethod();
      return which === 'with parts' ? { ...method, parts: parts! } : method;
    };
    const whole = await trainSample(make());
    expect(whole.metrics[3]!.loss).toBeLessThan(whole.metrics[0]!.loss!);
    for (const microBatchSize of [1, 4, 12]) {
      const parts = await trainSample(make(), { microBatchSize });
      expect(apart(parts, whole)).toBeLessThan(1e-5);
      expect(parts.graphs).toBe(ONE_PASS);
    }
  });

  test('a loss that changes what is carried takes two passes, and changes it once', async () => {
    const make = (): Method => {
      const calls = variable(() => tf.scalar(0), { kind: 'buffer' });
      const method = meanMethod(z => {
        calls.assign(calls.read().add(1));
        return z.sum().mul(0);
      });
      return { ...method, carried: { calls } };
    };
    const [whole, parts] = [await trainSample(make()), await trainSample(make(), { microBatchSize: 4 })];
    expect(parts.graphs).toBe(TWO_PASSES);
    expect(parts.values.calls).toEqual([4]);
    expect(apart(parts, whole)).toBeLessThan(1e-5);
  });
});

describe('a divided step', () => {
  test('leaves nothing behind, and takes calls in turn', async () => {
    for (const method of [sampleMethod(), meanMethod()]) {
      const start = liveTensors();
      const step = trainStep(method, { optimizer: sgd(), microBatchSize: 3 });
      let alive = 0;
      for (let n = 0; n < 3; n++) {
        const input = sampleInput(method, 6, n);
        const results = [step.run(input), step.run(input)];
        tf.dispose(Object.values(input).flat() as never);
        tf.dispose((await Promise.all(results)) as never);
        if (n > 0) expect(liveTensors()).toBe(alive);
        alive = liveTensors();
      }
      step.dispose();
      expect(liveTensors()).toBe(start);
    }
  });

  test('keeps no sums of gradients in a checkpoint', () => {
    const names = (microBatchSize?: number): string[] => {
      const step = trainStep(sampleMethod(), { optimizer: sgd(), ...(microBatchSize && { microBatchSize }) });
      const found = [...step.state.keys()];
      step.dispose();
      return found;
    };
    expect(names(4)).toEqual(names());
  });

  test('is refused where the loss is no mean and there are no parts', () => {
    const { parts: _, ...method } = sampleMethod();
    const make = (): unknown => trainStep(method, { optimizer: sgd(), microBatchSize: 4 });
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(
      "needs a loss that is the mean over images, or a step in two parts; got acrossRanks 'gathers-negatives' without parts",
    );
  });

  test('is refused where the batch cannot be divided so', async () => {
    await expect(trainSample(sampleMethod(), { microBatchSize: 5 })).rejects.toThrow(
      'must divide the batch; got 5 for 12',
    );
  });

  test('names stacked rows', async () => {
    const method = sampleMethod();
    const encode: NonNullable<Method['parts']>['encode'] = ({ views }) => ({ z: method.embed(tf.concat([...views])) });
    const stacked = { ...method, ...inParts({ encode, loss: method.parts!.loss }) };
    const run = trainSample(stacked, { microBatchSize: 4 });
    await expect(run).rejects.toThrow(ShapeError);
    await expect(run).rejects.toThrow("encode must give a row an image, [4, …]; got [8,5] for 'z'");
  });

  test('names trained variables that the loss does not depend on', async () => {
    const method = sampleMethod();
    const unused = linear(2, 2, { rng: rngFromSeed(1), bias: false });
    const run = trainSample({ ...method, trained: { ...method.trained, unused } }, { microBatchSize: 4 });
    await expect(run).rejects.toThrow(TrainingError);
    await expect(run).rejects.toThrow('it does not on unused.weight;');
  });
});
