import { expect, test } from 'vitest';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { passesBySize } from './passes-by-size.ts';

const rng = rngFromSeed(3);
const view = (size: number): Tensor => normal(rng, [2, size, size, 3]);

test('one pass for each size, and rows in the order of the views', () => {
  const views = [8, 8, 6, 6, 6].map(view);
  const passes: (readonly number[])[] = [];
  const rows = passesBySize(views, images => {
    passes.push(images.shape);
    return images.mean([1, 2]);
  });
  expect(passes).toEqual([
    [4, 8, 8, 3],
    [6, 6, 6, 3],
  ]);
  for (const [i, each] of rows.entries()) {
    expect(each.shape).toEqual([2, 3]);
    expect(
      each
        .sub(views[i]!.mean([1, 2]))
        .abs()
        .max()
        .dataSync()[0],
    ).toBeLessThan(1e-6);
  }
});

test('a view alone is not copied, and views that are apart have passes of their own', () => {
  const views = [8, 6, 8].map(view);
  const given: Tensor[] = [];
  passesBySize(views, images => {
    given.push(images);
    return tf.clone(images);
  });
  expect(given).toEqual(views);
});
