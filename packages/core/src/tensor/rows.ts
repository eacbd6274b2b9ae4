import { dtypeName } from '../engine/dtype.ts';
import { type AttributeValue, dtypeOf, nativeOp } from './native.ts';
import { type Tensor, tf } from './tf.ts';

/**
 * `count` rows from a place that is a tensor, so that one graph serves all parts of a batch. No gradient flows through it.
 * @param x `[B, …]` of any type, bytes too
 * @param start `[1]` int32, at most B − count
 * @returns `[count, …]`
 */
export function rowsFrom(x: Tensor, start: Tensor, count: number): Tensor {
  const [, ...rest] = x.shape;
  return tf.tidy(() => {
    const begin = rest.length === 0 ? start : tf.concat([start, tf.zeros([rest.length], 'int32')]);
    const types = { T: { dtype: dtypeName(dtypeOf(x)) }, Index: { dtype: 'int32' } } as Record<string, AttributeValue>;
    return nativeOp('Slice', [x, begin, tf.tensor1d([count, ...rest], 'int32')], types);
  });
}
