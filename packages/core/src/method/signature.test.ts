import { describe, expect, test } from 'vitest';
import { diagnose, lossStuckAt, type MetricLine, rankFalls, type Signature, staysBelow } from './signature.ts';

const words = { cause: 'cause', change: 'change' };
const found = (signature: Signature, lines: readonly MetricLine[]): string | undefined =>
  diagnose([signature], { lines, batchSize: 4 })[0]?.evidence;
const steps = (count: number, line: (i: number) => MetricLine): MetricLine[] =>
  Array.from({ length: count }, (_, i) => line(i));

describe('a loss that is stuck', () => {
  const signature = lossStuckAt(B => Math.log(2 * B - 1), { label: 'ln(2B − 1)', ...words });
  test('is seen after 30 steps at the value', () => {
    expect(
      found(
        signature,
        steps(40, i => ({ loss: i < 10 ? 3 : 1.946 })),
      ),
    ).toBe('the loss has stayed at ln(2B − 1) = 1.946 for 30 steps');
  });
  test('is not one that only began there, that left it once, or that falls', () => {
    expect(
      found(
        signature,
        steps(29, () => ({ loss: 1.946 })),
      ),
    ).toBeUndefined();
    expect(
      found(
        signature,
        steps(40, i => ({ loss: i === 30 ? 1.9 : 1.946 })),
      ),
    ).toBeUndefined();
  });
});

test('a metric that stays below a bound', () => {
  const signature = staysBelow('featureStd', 0.05, words);
  expect(
    found(
      signature,
      steps(30, () => ({ featureStd: 0.01 })),
    ),
  ).toBe('featureStd is 0.01, below 0.05 for 30 steps');
  expect(
    found(
      signature,
      steps(30, i => ({ featureStd: i === 0 ? 0.06 : 0.01 })),
    ),
  ).toBeUndefined();
  expect(
    found(
      signature,
      steps(30, () => ({ loss: 0 })),
    ),
  ).toBeUndefined();
});

describe('a rank that falls while the loss falls', () => {
  const signature = rankFalls(words);
  const epochs = (ranks: readonly number[], loss: (i: number) => number): MetricLine[] =>
    ranks.flatMap((rankMe, i) => [{ loss: 9 }, { epoch: i + 1, rankMe, loss: loss(i) }]);
  test('is seen when half is lost', () => {
    expect(
      found(
        signature,
        epochs([10, 40, 30, 19, 15], i => 5 - i),
      ),
    ).toBe('rankMe fell from 40 (epoch 2) to 15 while the loss fell from 4 to 1');
  });
  test('is none when the loss does not fall, when less is lost, or too early', () => {
    expect(
      found(
        signature,
        epochs([10, 40, 30, 19, 15], () => 5),
      ),
    ).toBeUndefined();
    expect(
      found(
        signature,
        epochs([10, 40, 30, 25, 21], i => 5 - i),
      ),
    ).toBeUndefined();
    expect(
      found(
        signature,
        epochs([40, 15], i => 5 - i),
      ),
    ).toBeUndefined();
  });
});
