import { ConfigError, normal, rngFromSeed, ShapeError, softmax, softmaxCrossEntropy, type Tensor, tf } from '@ssl/core';
import { acrossRanks, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { labelledRows, meanOfLabelled } from './classifier-loss.ts';
import { distillationLoss } from './index.ts';

const logits = (seed = 1, rows = 6, K = 4): Tensor => normal(rngFromSeed(seed), [rows, K], 0, 2);
const labelsOf = (...labels: number[]): Tensor => tf.tensor1d(labels, 'int32');
const value = (x: Tensor): number => x.dataSync()[0]!;

describe('the distillation loss', () => {
  test.each([0.1, 1, 4])('is the entropy of the teacher when the student equals it, at temperature %d', temperature => {
    const p = softmax(logits().div(temperature)).arraySync() as number[][];
    const entropy = p.flat().reduce((sum, x) => sum - (x > 0 ? x * Math.log(x) : 0), 0) / p.length;
    expect(value(distillationLoss(logits(), logits(), { temperature }))).toBeCloseTo(entropy, 5);
  });

  test('is the cross-entropy with the labels of a teacher that is sure', () => {
    const sure = tf.oneHot(labelsOf(0, 1, 2, 3, 0, 1) as never, 4).mul(1000) as Tensor;
    const expected = softmaxCrossEntropy(logits(), labelsOf(0, 1, 2, 3, 0, 1));
    expect(value(distillationLoss(logits(), sure, { temperature: 1 }))).toBeCloseTo(value(expected), 5);
  });

  test('at a low temperature a teacher is as good as sure of its first choice', () => {
    const [student, teacher, temperature] = [logits(1), logits(2).mul(100), 0.001] as const;
    const choice = teacher.argMax(1).cast('int32');
    const expected = value(softmaxCrossEntropy(student.div(temperature), choice));
    const found = value(distillationLoss(student, teacher, { temperature }));
    expect(Math.abs(found - expected)).toBeLessThan(1e-4 * expected);
  });

  test('is ln K for a student without opinion, whatever the teacher says', () => {
    expect(value(distillationLoss(tf.zeros([6, 4]), logits(), { temperature: 0.3 }))).toBeCloseTo(Math.log(4), 5);
  });

  test('its gradient is (student − teacher) / (B τ) in probabilities, 0 where they agree; the teacher has none', () => {
    const [temperature, student, teacher] = [0.5, logits(1), logits(2)];
    const loss = (s: Tensor, t: Tensor): Tensor => distillationLoss(s, t, { temperature });
    const gradient = tf.grad(s => loss(s, teacher) as never)(student) as Tensor;
    const [p, q] = [student, teacher].map(x => softmax(x.div(temperature)));
    expect(
      value(
        gradient
          .sub(p!.sub(q!).div(6 * temperature))
          .abs()
          .max(),
      ),
    ).toBeLessThan(1e-6);
    expect(value((tf.grad(s => loss(s, student) as never)(student) as Tensor).abs().max())).toBeLessThan(1e-6);
    const both = tf.grads((s, t) => loss(s as never, t as never).add(t.sum().mul(0)) as never)([student, teacher]);
    expect(value(both[1]!.abs().max())).toBe(0);
    expect(gradientError(s => loss(s!, teacher), [student])).toBeLessThan(1e-2);
  });

  test.each([
    [
      [6, 4],
      [6, 3],
    ],
    [
      [6, 4],
      [5, 4],
    ],
    [[4], [4]],
    [
      [0, 4],
      [0, 4],
    ],
  ])('refuses logits of [%s] and [%s]', (student, teacher) => {
    expect(() => distillationLoss(tf.zeros(student), tf.zeros(teacher), { temperature: 1 })).toThrow(ShapeError);
  });

  test.each([0, -1, Number.NaN])('refuses temperature %d', temperature => {
    expect(() => distillationLoss(logits(), logits(), { temperature })).toThrow(ConfigError);
  });
});

describe('the loss of labelled rows', () => {
  const mean = (x: Tensor, labels: Tensor, smoothing = 0): Tensor => {
    const { losses, known } = labelledRows(x, labels, smoothing);
    return meanOfLabelled(losses, known);
  };

  test.each([0, 0.1])('is that of core when all have labels, smoothed by %d', labelSmoothing => {
    const labels = labelsOf(0, 1, 2, 3, 0, 1);
    const expected = softmaxCrossEntropy(logits(), labels, { labelSmoothing });
    expect(value(mean(logits(), labels, labelSmoothing))).toBeCloseTo(value(expected), 5);
    expect(gradientError(x => mean(x!, labels, labelSmoothing), [logits()])).toBeLessThan(1e-2);
  });

  test.each([0, 0.1])('rows without a label do not count and get no gradient, smoothed by %d', smoothing => {
    const some = labelsOf(0, -1, 2, -1, 0, 1);
    const rest = tf.gather(logits(), labelsOf(0, 2, 4, 5));
    expect(value(mean(logits(), some, smoothing))).toBeCloseTo(value(mean(rest, labelsOf(0, 2, 0, 1), smoothing)), 5);
    const gradient = tf.grad(x => mean(x as never, some, smoothing) as never)(logits()) as Tensor;
    const each = gradient.abs().sum(1).dataSync();
    expect([each[1], each[3]]).toEqual([0, 0]);
    expect(Math.min(each[0]!, each[2]!, each[4]!, each[5]!)).toBeGreaterThan(1e-4);
  });

  test('is 0 when no row has a label, and not a number when a label is no class', () => {
    expect(value(mean(logits(), labelsOf(-1, -1, -1, -1, -1, -1)))).toBe(0);
    expect(value(mean(logits(), labelsOf(0, 1, 2, 4, 0, 1)))).toBeNaN();
  });

  test('over three ranks with unlike shares of labels is that of one', () => {
    const labels = labelsOf(0, -1, -1, -1, 3, 1);
    const part = (x: Tensor, rank: number): Tensor => tf.slice(x, 2 * rank, 2);
    const split = (x: Tensor): Tensor =>
      tf.addN(acrossRanks(3, rank => mean(part(x, rank), part(labels, rank)))).div(3);
    const whole = (x: Tensor): Tensor => mean(x, labels);
    expect(value(split(logits()))).toBeCloseTo(value(whole(logits())), 5);
    const [a, b] = [split, whole].map(each => tf.grad(each as never)(logits()) as Tensor);
    expect(value(a!.sub(b!).abs().max())).toBeLessThan(1e-6);
  });

  test('a row is right when its highest logit is its class', () => {
    const { right, known } = labelledRows(tf.eye(4), labelsOf(0, 2, -1, 3));
    expect([...right.dataSync()]).toEqual([1, 0, 0, 1]);
    expect(value(meanOfLabelled(right, known))).toBeCloseTo(2 / 3, 6);
  });

  test('refuses shapes that do not fit', () => {
    expect(() => labelledRows(logits(), labelsOf(0, 1))).toThrow('labels [B]; got [6,4] and [2]');
  });
});
