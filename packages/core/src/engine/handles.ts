/** The native tensors that are alive, by number. Everything above deals in numbers, so that a leak can be counted. */
import { EngineError } from '../errors.ts';
import { engineContext } from './context.ts';
import { bytesOf, DTYPE, dtypeName, fromBytes, toTyped } from './dtype.ts';
import { checkStatus, copyFromNative, copyToNative, type Native, type Pointer } from './ffi.ts';

/** What tfjs calls `TensorMetadata`. */
export interface TensorInfo {
  readonly id: number;
  readonly shape: number[];
  /** `TF_DataType` */
  readonly dtype: number;
}

const handles = new Map<number, Pointer>();
let next = 1;

/** A number that no tensor has had before; traced tensors take theirs here too. */
export function newId(): number {
  return next++;
}

let shares = 0;

/** How many handles on native tensors are held. */
export function liveHandles(): number {
  return handles.size + shares;
}

export function hasHandle(id: number): boolean {
  return handles.has(id);
}

/** Throws `EngineError` when the tensor is gone. */
export function handleOf(id: number): Pointer {
  const handle = handles.get(id);
  if (handle === undefined) {
    throw new EngineError(
      `engine: tensor ${id} does not exist; it was disposed, or made inside a compiled function and not returned from it`,
    );
  }
  return handle;
}

/** Takes ownership of a native handle. */
export function adopt(handle: Pointer): TensorInfo {
  const id = newId();
  handles.set(id, handle);
  return { id, ...describe(handle) };
}

export function release(id: number): void {
  const handle = handles.get(id);
  if (handle === undefined) return;
  handles.delete(id);
  engineContext().native.c.TFE_DeleteTensorHandle!(handle);
}

export function describe(handle: Pointer): { shape: number[]; dtype: number } {
  const { c, status } = engineContext().native;
  const rank: number = c.TFE_TensorHandleNumDims!(handle, status);
  const shape = Array.from({ length: Math.max(rank, 0) }, (_, i) => Number(c.TFE_TensorHandleDim!(handle, i, status)));
  return { shape, dtype: c.TFE_TensorHandleDataType!(handle) };
}

/** `TF_DataType` of a tensor. */
export function handleDtype(id: number): number {
  return engineContext().native.c.TFE_TensorHandleDataType!(handleOf(id));
}

/** Copies host values into a `TF_Tensor`; the caller deletes it. */
export function nativeTensor(
  native: Native,
  shape: readonly number[],
  dtype: number,
  values: ArrayLike<number> | ArrayBufferView,
): Pointer {
  const typed = toTyped(dtype, values);
  const elements = shape.reduce((product, size) => product * size, 1);
  const bytes = elements * bytesOf(dtype);
  if (typed.byteLength < bytes) {
    throw new EngineError(
      `engine: a ${dtypeName(dtype)} tensor [${shape}] takes ${bytes} bytes; got ${typed.byteLength}`,
    );
  }
  const tensor: Pointer = native.c.TF_AllocateTensor!(dtype, BigInt64Array.from(shape, BigInt), shape.length, bytes);
  copyToNative(native.c.TF_TensorData!(tensor), new Uint8Array(typed.buffer, typed.byteOffset, bytes));
  return tensor;
}

/** Moves host values into the library. */
export function upload(shape: readonly number[], dtype: number, values: ArrayLike<number> | ArrayBufferView): number {
  const { native } = engineContext();
  const tensor = nativeTensor(native, shape, dtype, values);
  const handle = native.c.TFE_NewTensorHandle!(tensor, native.status);
  native.c.TF_DeleteTensor!(tensor);
  checkStatus(native, () => `engine: a ${dtypeName(dtype)} tensor [${shape}] could not be made`);
  const id = newId();
  handles.set(id, handle);
  return id;
}

/** Calls `use` with the `TF_Tensor` behind a handle; waits for the device when it has to. */
export function withResolved<R>(handle: Pointer, use: (tensor: Pointer) => R): R {
  const { native } = engineContext();
  const tensor: Pointer = native.c.TFE_TensorHandleResolve!(handle, native.status);
  checkStatus(native, () => 'engine: a tensor could not be read');
  try {
    return use(tensor);
  } finally {
    native.c.TF_DeleteTensor!(tensor);
  }
}

/** A tensor's values on the host. */
export type Values = ReturnType<typeof fromBytes>;

/** Copies a tensor's values to the host. */
export function download(id: number): Values {
  const handle = handleOf(id);
  const dtype = readableDtype(id);
  return withResolved(handle, tensor => valuesOf(tensor, dtype));
}

/** `download`, but waits for the device on another thread: the event loop stays free. */
export async function downloadLater(id: number): Promise<Values> {
  const { native } = engineContext();
  const { c } = native;
  const dtype = readableDtype(id);
  const shared = share(id); // the tensor may be disposed of meanwhile
  const status: Pointer = c.TF_NewStatus!();
  try {
    const tensor = await new Promise<Pointer>((resolve, reject) => {
      c.TFE_TensorHandleResolve!.async(shared, status, (error: Error | null, resolved: Pointer) => {
        if (error) reject(error);
        else resolve(resolved);
      });
    });
    checkStatus(native, () => 'engine: a tensor could not be read', status);
    const values = valuesOf(tensor, dtype);
    c.TF_DeleteTensor!(tensor);
    return values;
  } finally {
    unshare(shared);
    c.TF_DeleteStatus!(status);
  }
}

function readableDtype(id: number): number {
  const dtype = handleDtype(id);
  if (dtype === DTYPE.resource) throw new EngineError('engine: a variable cannot be read through its handle');
  return dtype;
}

function valuesOf(tensor: Pointer, dtype: number): Values {
  const { c } = engineContext().native;
  return fromBytes(dtype, copyFromNative(c.TF_TensorData!(tensor), Number(c.TF_TensorByteSize!(tensor))));
}

/** A second handle on the same values, for a holder that must outlive the first; `unshare` it. */
export function share(id: number): Pointer {
  const { native } = engineContext();
  const shared = native.c.TFE_TensorHandleCopySharingTensor!(handleOf(id), native.status);
  checkStatus(native, () => `engine: tensor ${id} cannot be shared`);
  shares++;
  return shared;
}

export function unshare(shared: Pointer): void {
  shares--;
  engineContext().native.c.TFE_DeleteTensorHandle!(shared);
}
