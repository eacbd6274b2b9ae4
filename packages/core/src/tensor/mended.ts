/** What training needs of tfjs and tfjs-node 4.22 that they lack or get wrong. */
import type tfjs from '@tensorflow/tfjs';
import { attributes } from '../engine/attributes.ts';
import { binding } from '../engine/binding.ts';
import { DTYPE, type DTypeName, dtypeName } from '../engine/dtype.ts';
import { release } from '../engine/handles.ts';
import { EngineError } from '../errors.ts';
import type { NodeBackend, Tensor } from './tf.ts';

/** Types that a tfjs tensor can stand for; bytes are `int32` to tfjs. */
const WRAPPED: readonly number[] = [DTYPE.float32, DTYPE.int32, DTYPE.bool, DTYPE.complex64, DTYPE.uint8, DTYPE.string];

/** Makes the backend refuse, with a clear error, what would fail obscurely deep inside, and read without blocking. */
export function guarded<B extends object>(tensorflow: B): B {
  const backend = tensorflow as B & NodeBackend;
  const { getInputTensorIds, createOutputTensor } = backend;
  backend.getInputTensorIds = tensors => {
    const gone = tensors.find(tensor => tensor.isDisposed);
    if (gone) {
      throw new EngineError(
        `engine: tensors must be alive when used; ${gone.dtype}[${gone.shape}] was disposed; keep it (tf.keep), or return it from its tf.tidy`,
      );
    }
    return getInputTensorIds.call(backend, tensors);
  };
  backend.createOutputTensor = info => {
    if (WRAPPED.includes(info.dtype)) return createOutputTensor.call(backend, info);
    release(info.id);
    throw new EngineError(
      `engine: tensors must be float32, int32, bool or complex64; got ${dtypeName(info.dtype)}[${info.shape}] from an op; ask it for int32, or cast in the library`,
    );
  };
  backend.read = async dataId => {
    const { id, values } = backend.tensorMap.get(dataId);
    return values ?? binding.tensorData(id);
  };
  return backend;
}

/** Mends kernels and gradients; called once, after tfjs-node has registered its own. */
export function mend(tf: typeof tfjs): void {
  mendGather(tf);
  for (const kernel of ['Maximum', 'Minimum', 'SquaredDifference', 'BatchMatMul']) mendBroadcast(tf, kernel);
  mendCumsum(tf);
  for (const kernel of ['Unpack', 'SplitV']) mendSinglePart(tf, kernel);
  for (const kernel of ['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'LogicalNot', 'LogicalAnd', 'LogicalOr']) {
    giveNoGradient(tf, kernel);
  }
}

/** tfjs-node's own reads the indices to the host to check them, which a compiled function cannot; the op itself checks. */
function mendGather(tf: typeof tfjs): void {
  tf.unregisterKernel('GatherV2', 'tensorflow');
  tf.registerKernel({
    kernelName: 'GatherV2',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, indices } = inputs as { x: Tensor; indices: Tensor };
      const { axis, batchDims } = attrs as { axis: number; batchDims: number };
      const axisTensor = tf.scalar(axis, 'int32');
      const types = attributes({
        batch_dims: { int: batchDims },
        Tparams: { dtype: x.dtype as DTypeName },
        Tindices: { dtype: indices.dtype as DTypeName },
        Taxis: { dtype: 'int32' },
      });
      try {
        return (backend as NodeBackend).executeMultipleOutputs('GatherV2', types, [x, indices, axisTensor], 1)[0]!;
      } finally {
        axisTensor.dispose();
      }
    },
  });
}

/** tfjs forgets to add up the gradient of an input that was broadcast, and then refuses its shape. */
function mendBroadcast(tf: typeof tfjs, kernelName: string): void {
  const { gradFunc } = tf.getGradient(kernelName);
  tf.registerGradient({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved, attrs) => {
      const gradients = gradFunc(dy, saved, attrs);
      const summed =
        (name: 'a' | 'b', { shape }: Tensor) =>
        () => {
          const gradient = gradients[name]!();
          const axes = tf.broadcast_util.getReductionAxes(shape, gradient.shape);
          return axes.length === 0 ? gradient : gradient.sum(axes).reshape(shape);
        };
      return { a: summed('a', saved[0]!), b: summed('b', saved[1]!) };
    },
  });
}

/** tfjs transposes the gradient unless the last axis was summed. */
function mendCumsum(tf: typeof tfjs): void {
  tf.registerGradient({
    kernelName: 'Cumsum',
    gradFunc: (dy, _saved, attrs) => {
      const { axis, exclusive, reverse } = attrs as unknown as { axis: number; exclusive: boolean; reverse: boolean };
      return { x: () => tf.cumsum(dy as Tensor, axis, exclusive, !reverse) };
    },
  });
}

/** tfjs's gradients of what takes a tensor apart expect a list, and get none when there is one part only. */
function mendSinglePart(tf: typeof tfjs, kernelName: string): void {
  const { gradFunc } = tf.getGradient(kernelName);
  tf.registerGradient({
    kernelName,
    gradFunc: (dy, saved, attrs) => gradFunc(Array.isArray(dy) ? dy : [dy], saved, attrs),
  });
}

/** Comparisons are flat; tfjs knows that of `>=` only, and refuses a mask that depends on what is trained. */
function giveNoGradient(tf: typeof tfjs, kernelName: string): void {
  tf.registerGradient({
    kernelName,
    inputsToSave: kernelName === 'LogicalNot' ? ['x'] : ['a', 'b'],
    gradFunc: (_dy, saved) => {
      const names = saved.length === 1 ? ['x'] : ['a', 'b'];
      return Object.fromEntries(names.map((name, i) => [name, () => tf.zerosLike(saved[i]!).cast('float32')]));
    },
  });
}
