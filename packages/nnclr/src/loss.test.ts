import { ConfigError, compile, normal, rngFromSeed, ShapeError, type Tensor, tf } from '@ssl/core';
import { acrossRanks, describeParity, gradientError } from '@ssl/core/testing';
import { describe, expect, test } from 'vitest';
import { nearestNeighbours, nnclrLoss } from './index.ts';
import { parity } from './parity.ts';

describeParity('nnclr', parity);

const rows = (count: number, width: number, seed: number): Tensor => normal(rngFromSeed(seed), [count, width]);
const value = (scalar: Tensor): number => scalar.dataSync()[0]!;
const units = (x: Tensor): Tensor => x.div(x.square().sum(1, true).sqrt());

describe('closed forms', () => {
  test.each([0.1, 0.5, 5])('predictions that all point one way leave B equal choices; temperature %d', temperature => {
    const alike = rows(1, 6, 1)
      .tile([5, 1])
      .mul(tf.tensor2d([1, 2, 30, 0.1, 4], [5, 1]));
    expect(value(nnclrLoss(rows(5, 6, 2), alike, { temperature }))).toBeCloseTo(Math.log(5), 5);
  });

  test('predictions that are found, the others at right angles', () => {
    const eye = tf.eye(5) as Tensor;
    expect(value(nnclrLoss(eye, eye, { temperature: 0.2 }))).toBeCloseTo(Math.log(1 + 4 * Math.exp(-5)), 6);
  });
});

describe('properties', () => {
  const [neighbours, predictions] = [rows(6, 8, 2), rows(6, 8, 3)];
  const loss = (p: Tensor, n: Tensor = neighbours): Tensor => nnclrLoss(n, p, { temperature: 0.3 });

  test('gradient by differences, lengths do not matter, neighbours get no gradient', () => {
    expect(gradientError(p => loss(p!), [predictions])).toBeLessThan(1e-2);
    expect(value(loss(predictions.mul(7), neighbours.mul(0.3)))).toBeCloseTo(value(loss(predictions)), 5);
    const ofNeighbours = tf.grad(n => loss(predictions, n).add(n.sum().mul(0)) as never)(neighbours);
    expect(value(ofNeighbours.abs().max())).toBe(0);
  });

  test('the order of the images does not matter, who has which neighbour does', () => {
    const moved = (x: Tensor): Tensor => tf.gather(x, tf.tensor1d([3, 0, 5, 1, 4, 2], 'int32'));
    expect(value(loss(moved(predictions), moved(neighbours)))).toBeCloseTo(value(loss(predictions)), 5);
    expect(Math.abs(value(loss(moved(predictions))) - value(loss(predictions)))).toBeGreaterThan(0.01);
  });

  test('over ranks, each neighbour looks among the predictions of all', () => {
    const part = (x: Tensor, rank: number): Tensor => tf.slice(x, rank * 2, 2);
    const each = acrossRanks(3, rank => loss(part(predictions, rank), part(neighbours, rank)));
    expect(value(tf.addN(each).div(3))).toBeCloseTo(value(loss(predictions)), 5);
  });

  test('compiled it is the same', async () => {
    const run = compile((p: Tensor) => loss(p));
    expect(value(await run(predictions))).toBeCloseTo(value(loss(predictions)), 5);
    run.dispose();
  });
});

describe('nearest neighbours', () => {
  test('are the same in parts as in one', () => {
    const [from, support] = [rows(7, 4, 4), units(rows(9000, 4, 5))];
    const expected = tf.matMul(from as never, support as never, false, true).argMax(1);
    const { places, rows: found } = nearestNeighbours(from, support);
    expect([...places.dataSync()]).toEqual([...expected.dataSync()]);
    expect(Math.max(...places.dataSync())).toBeGreaterThan(4096);
    expect(value(found.sub(tf.gather(support, places)).abs().max())).toBe(0);
  });

  test('of equal ones the first; and without a gradient', () => {
    const support = tf.concat([units(rows(3, 4, 6)), units(rows(3, 4, 6))]);
    expect([...nearestNeighbours(tf.slice(support, 3, 3), support).places.dataSync()]).toEqual([0, 1, 2]);
    const gradient = tf.grad(x => nearestNeighbours(x, support).rows.sum().add(x.sum().mul(0)) as never)(rows(2, 4, 7));
    expect(value(gradient.abs().max())).toBe(0);
  });

  test('what they refuse', () => {
    expect(() => nearestNeighbours(rows(2, 4, 1), rows(5, 3, 2))).toThrow(ShapeError);
    expect(() => nearestNeighbours(rows(2, 4, 1), tf.zeros([0, 4]))).toThrow('with K at least 1; got [2,4] and [0,4]');
  });
});

describe('what the loss refuses', () => {
  test.each([
    [[3, 4], [2, 4], 'must both be [B, P]; got [3,4] and [2,4]'],
    [[4], [4], 'must both be [B, P]; got [4] and [4]'],
    [[1, 4], [1, 4], 'needs 2 images or more'],
  ])('[%s] and [%s]', (neighbours, predictions, message) => {
    const call = (): Tensor => nnclrLoss(tf.ones(neighbours), tf.ones(predictions), { temperature: 0.1 });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(message);
  });

  test.each([0, -1, Number.NaN])('temperature %d', temperature => {
    const call = (): Tensor => nnclrLoss(rows(3, 4, 1), rows(3, 4, 2), { temperature });
    expect(call).toThrow(ConfigError);
    expect(call).toThrow(`temperature must be above 0; got ${temperature}`);
  });
});
