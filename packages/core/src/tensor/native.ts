/** The way from tensors to the engine's numbers and back; and the call of any op of the library by its name. */
import { type AttributeValue, attributes } from '../engine/attributes.ts';
import { binding } from '../engine/binding.ts';
import { DTYPE } from '../engine/dtype.ts';
import { handleDtype, type TensorInfo, upload } from '../engine/handles.ts';
import { currentTrace } from '../engine/trace.ts';
import { backend, type Tensor, tf } from './tf.ts';

export type { AttributeValue } from '../engine/attributes.ts';

/** The engine's number of a tensor; moves host values into the library if they are not there yet. */
export function idOf(tensor: Tensor): number {
  return backend().getInputTensorIds([tensor])[0]!;
}

/** A tensor for a number that the engine gave out; the tensor owns it from here on. */
export function wrap(info: TensorInfo): Tensor {
  return backend().createOutputTensor(info);
}

/** `TF_DataType` of a tensor: the library's, where tfjs has no name for it (bytes are `int32` to tfjs). */
export function dtypeOf(tensor: Tensor): number {
  const id = idOf(tensor);
  return currentTrace()?.dtypeOf(id) ?? handleDtype(id);
}

/** Whether there is a GPU, which ops then run on. */
export function onGpu(): boolean {
  return binding.isUsingGpuDevice();
}

/** Bytes as a tensor, at a quarter of the size that tfjs would give them. Only `fromBytes` and views take it. */
export function byteTensor(data: Uint8Array, shape: readonly number[]): Tensor {
  return uploaded(DTYPE.uint8, data, shape);
}

/** Pixels as a tensor for `fromBytes`: bytes stay bytes, floats are float32. They are copied at once. */
export function pixelTensor(data: Uint8Array | Float32Array, shape: readonly number[]): Tensor {
  return uploaded(data instanceof Float32Array ? DTYPE.float32 : DTYPE.uint8, data, shape);
}

function uploaded(dtype: number, data: Uint8Array | Float32Array, shape: readonly number[]): Tensor {
  return wrap({ id: upload(shape, dtype, data), shape: [...shape], dtype });
}

/** A tensor of bytes as float32, 0 to 255. One that is float32 already stays as it is. */
export function fromBytes(bytes: Tensor): Tensor {
  if (bytes.dtype === 'float32') return bytes.clone();
  return nativeOp('Cast', [bytes], { SrcT: { dtype: 'uint8' }, DstT: { dtype: 'float32' }, Truncate: false });
}

/** Pixels of any type as float32: bytes, int32 and floats. */
export function asFloats(pixels: Tensor): Tensor {
  return dtypeOf(pixels) === DTYPE.uint8 ? fromBytes(pixels) : tf.cast(pixels, 'float32');
}

/**
 * Runs the library's op `name`. No gradient flows through it: wrap it with `customGrad` where one should.
 * Throws `EngineError` with the op's name and the shapes.
 */
export function nativeOp(
  name: string,
  inputs: readonly Tensor[],
  attrs: Readonly<Record<string, AttributeValue>>,
): Tensor {
  return nativeOps(name, inputs, attrs, 1)[0]!;
}

/** `nativeOp` for ops with several outputs. */
export function nativeOps(
  name: string,
  inputs: readonly Tensor[],
  attrs: Readonly<Record<string, AttributeValue>>,
  outputs: number,
): Tensor[] {
  return backend().executeMultipleOutputs(name, attributes(attrs), inputs, outputs);
}

/** Parts along the first axis; of bytes too, for which tfjs has no name. */
export function splitRows(tensor: Tensor, sizes: readonly number[]): Tensor[] {
  if (dtypeOf(tensor) !== DTYPE.uint8) return tf.split(tensor, [...sizes]);
  const inputs = [tensor, tf.tensor1d([...sizes], 'int32'), tf.scalar(0, 'int32')];
  const attrs = { T: { dtype: 'uint8' }, Tlen: { dtype: 'int32' }, num_split: { int: sizes.length } } as const;
  return nativeOps('SplitV', inputs, attrs, sizes.length);
}

/** The gradient of one input, or the way to it: only ways that someone needs are gone. */
export type InputGradient = Tensor | (() => Tensor);

/** @typeParam R one tensor, or several that all have a gradient */
export interface OpWithGradient<R extends Tensor | Tensor[] = Tensor> {
  readonly value: R;
  /** What the backward pass needs, and so all that stays in memory for it: as little and as small as possible. */
  readonly saved: readonly Tensor[];
  /** From the value's gradient and what was saved to the gradient of each input. Not called when nobody asks for one. */
  readonly gradient: (dy: R, saved: Tensor[]) => InputGradient[];
}

/** The part of tfjs's engine under `tf.customGrad`, which would compute the gradient of every input, needed or not. */
interface KernelRunner {
  runKernelFunc<R extends Tensor | Tensor[]>(kernel: {
    readonly inputs: Readonly<Record<string, Tensor>>;
    readonly forwardFunc: (backend: unknown, save: (tensors: readonly Tensor[]) => void) => R;
    readonly backwardsFunc: (dy: R, saved: Tensor[]) => Record<string, () => Tensor>;
  }): R;
}

/** An op with its own gradient. */
export function customGrad(inputs: readonly Tensor[], forward: (...inputs: Tensor[]) => OpWithGradient): Tensor {
  return differentiable(inputs, forward);
}

/** The same for an op with several results. */
export function customGradOfMany(
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => OpWithGradient<Tensor[]>,
): Tensor[] {
  return differentiable(inputs, forward);
}

function differentiable<R extends Tensor | Tensor[]>(
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => OpWithGradient<R>,
): R {
  let op: OpWithGradient<R> | undefined;
  return (tf.engine() as unknown as KernelRunner).runKernelFunc<R>({
    inputs: Object.fromEntries(inputs.entries()),
    forwardFunc: (_, save) => {
      op = forward(...inputs);
      save(op.saved);
      return op.value;
    },
    backwardsFunc: (dy, saved) =>
      Object.fromEntries(
        op!.gradient(dy, saved).map((gradient, i) => [i, typeof gradient === 'function' ? gradient : () => gradient]),
      ),
  });
}
