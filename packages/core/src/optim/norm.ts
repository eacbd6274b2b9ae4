import { nativeOp } from '../tensor/native.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/** The L2 norm over all values of all tensors: scalar. `L2Loss` is half the sum of squares, without a tensor of the squares. */
export function l2Norm(tensors: readonly Tensor[]): Tensor {
  const halves = tensors.map(tensor => nativeOp('L2Loss', [tensor], { T: { dtype: 'float32' } }));
  return tf.sqrt(tf.addN(halves).mul(2));
}
