import { expect, test } from 'vitest';
import { stepContext } from '../tensor/context.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { acrossRanks } from './across-ranks.ts';

const x = normal(rngFromSeed(1), [6, 3]);
const part = (all: Tensor, rank: number): Tensor => tf.slice(all, rank * 2, 2);

/** The variance of all rows: its second sum depends on the first. */
function variance(rows: Tensor): Tensor {
  const { world } = stepContext();
  const count = rows.shape[0]! * world.size;
  const mean = world.sum(rows.sum(0)).div(count);
  return world.sum(rows.sub(mean).square().sum(0)).div(count).sum();
}

test('collectives that follow from one another give what one process gives, gradients too', () => {
  const whole = (all: Tensor): Tensor => variance(all);
  const split = (all: Tensor): Tensor => tf.addN(acrossRanks(3, rank => variance(part(all, rank)))).div(3);
  expect(split(x).dataSync()[0]).toBeCloseTo(whole(x).dataSync()[0]!, 5);
  const [a, b] = [whole, split].map(loss =>
    tf
      .grad(loss as never)(x)
      .dataSync(),
  );
  for (const [i, value] of a!.entries()) expect(b![i]).toBeCloseTo(value, 5);
});

test('gathered rows come in the order of ranks, and every rank sees its number', () => {
  const gathered = acrossRanks(3, rank => {
    expect(stepContext().world).toMatchObject({ rank, size: 3 });
    return stepContext().world.gather(part(x, rank));
  });
  for (const each of gathered) expect(each.arraySync()).toEqual(x.arraySync());
});

test('ranks that make other calls are refused', () => {
  const body = (rank: number): Tensor => (rank === 0 ? x : stepContext().world.sum(x));
  expect(() => acrossRanks(2, body)).toThrow('must make the same collective calls; got 0,1');
});
