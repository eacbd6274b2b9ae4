/** The JPEG decoder of the native library, which is faster than sharp's for the same pixels. Any thread may use it, several at once. */
import { engineContext } from './context.ts';
import { DTYPE } from './dtype.ts';
import { copyInto, loadNative, type Pointer } from './ffi.ts';

export interface JpegShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * @returns the pixels, `[height, width, channels]`, in memory that the next call uses again; `undefined` where the picture has another shape or
 * cannot be decoded.
 */
export type JpegDecoder = (encoded: Uint8Array, shape: JpegShape) => Uint8Array | undefined;

/** The process's engine, as a thread needs it. */
export type SharedEngine = Pointer;

/** To be handed to another thread, which gives it to {@link jpegDecoder}. Starts the engine. @throws EngineError when there is none. */
export function sharedEngine(): SharedEngine {
  return engineContext().pointer;
}

/** Bytes of the library's string type. */
const STRING_BYTES = 24;
/** Pictures are decoded on the host, whatever else the machine has. */
const HOST = '/device:CPU:0';
/** What libjpeg's users take it to do by default, sharp among them; the library's own choice is faster and coarser. */
const DCT = 'INTEGER_ACCURATE';

/** @throws EngineError when the library cannot be loaded. */
export function jpegDecoder(engine: SharedEngine): JpegDecoder {
  const native = loadNative();
  const { c, status } = native;
  let memory = new Uint8Array(0);
  const decoded = (encoded: Uint8Array, channels: number): Pointer | undefined => {
    const text: Pointer = c.TF_AllocateTensor!(DTYPE.string, null, 0, STRING_BYTES);
    const address: Pointer = c.TF_TensorData!(text);
    c.TF_StringInit!(address);
    c.TF_StringCopy!(address, encoded, encoded.length);
    const input: Pointer = c.TFE_NewTensorHandle!(text, status);
    const op: Pointer = c.TFE_NewOp!(engine, 'DecodeJpeg', status);
    c.TFE_OpSetDevice!(op, HOST, status);
    c.TFE_OpAddInput!(op, input, status);
    c.TFE_OpSetAttrInt!(op, 'channels', channels);
    c.TFE_OpSetAttrString!(op, 'dct_method', DCT, DCT.length);
    const outputs = new BigUint64Array(1);
    c.TFE_Execute!(op, outputs, Int32Array.of(1), status);
    const failed = c.TF_GetCode!(status) !== 0;
    c.TFE_DeleteOp!(op);
    c.TF_StringDealloc!(address); // what the tensor itself does not free
    c.TFE_DeleteTensorHandle!(input);
    c.TF_DeleteTensor!(text);
    return failed ? undefined : outputs[0]!;
  };
  return (encoded, { width, height, channels }) => {
    const handle = decoded(encoded, channels);
    if (handle === undefined) return undefined;
    const tensor: Pointer = c.TFE_TensorHandleResolve!(handle, status);
    c.TFE_DeleteTensorHandle!(handle);
    const bytes = width * height * channels;
    const fits = Number(c.TF_TensorByteSize!(tensor)) === bytes;
    if (fits) {
      if (memory.length < bytes) memory = new Uint8Array(bytes);
      copyInto(native, c.TF_TensorData!(tensor), memory.subarray(0, bytes));
    }
    c.TF_DeleteTensor!(tensor);
    return fits ? memory.subarray(0, bytes) : undefined;
  };
}
