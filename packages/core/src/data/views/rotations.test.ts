import { expect, test } from 'vitest';
import { ShapeError } from '../../errors.ts';
import { tf } from '../../tensor/tf.ts';
import { fourRotations } from './rotations.ts';

test('all turns of all views, counter-clockwise, turn by turn', () => {
  const views = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2, 1]);
  const { images, labels } = fourRotations(views);
  expect(Array.from(labels.dataSync())).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  // numpy.rot90(x, k) of [[1, 2], [3, 4]] and [[5, 6], [7, 8]]
  const expected = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [2, 4, 1, 3],
    [6, 8, 5, 7],
    [4, 3, 2, 1],
    [8, 7, 6, 5],
    [3, 1, 4, 2],
    [7, 5, 8, 6],
  ];
  expect(images.shape).toEqual([8, 2, 2, 1]);
  expect(Array.from(images.dataSync())).toEqual(expected.flat());
});

test('only squares can be turned', () => {
  expect(() => fourRotations(tf.zeros([1, 4, 6, 3]))).toThrow(ShapeError);
});
