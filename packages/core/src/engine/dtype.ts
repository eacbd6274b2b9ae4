import { EngineError } from '../errors.ts';

/** `TF_DataType` of tensorflow/c/tf_datatype.h, as far as it is used. */
export const DTYPE = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  half: 19,
  resource: 20,
} as const;

export type DTypeName = keyof typeof DTYPE;

const BYTES: Readonly<Record<number, number>> = {
  [DTYPE.float32]: 4,
  [DTYPE.float64]: 8,
  [DTYPE.int32]: 4,
  [DTYPE.uint8]: 1,
  [DTYPE.complex64]: 8,
  [DTYPE.int64]: 8,
  [DTYPE.bool]: 1,
  [DTYPE.bfloat16]: 2,
  [DTYPE.half]: 2,
};

export function bytesOf(dtype: number): number {
  const bytes = BYTES[dtype];
  if (bytes === undefined)
    throw new EngineError(`engine: tensors of type ${dtypeName(dtype)} cannot be moved to or from the host`);
  return bytes;
}

export function dtypeName(dtype: number): string {
  return Object.entries(DTYPE).find(([, value]) => value === dtype)?.[0] ?? `#${dtype}`;
}

/** The values as the typed array whose bytes the library expects for `dtype`. */
export function toTyped(dtype: number, values: ArrayLike<number> | ArrayBufferView): ArrayBufferView {
  switch (dtype) {
    case DTYPE.float32:
    case DTYPE.complex64:
      return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
    case DTYPE.int32:
      return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
    case DTYPE.int64:
      return values instanceof BigInt64Array
        ? values
        : BigInt64Array.from(values as ArrayLike<number> & Iterable<number>, BigInt);
    case DTYPE.uint8:
    case DTYPE.bool:
      return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
    default:
      throw new EngineError(`engine: values of type ${dtypeName(dtype)} cannot be moved to the library`);
  }
}

/** The bytes of a tensor as the typed array that tfjs expects for `dtype`. */
export function fromBytes(dtype: number, bytes: ArrayBuffer): Float32Array | Int32Array | Uint8Array | BigInt64Array {
  switch (dtype) {
    case DTYPE.float32:
    case DTYPE.complex64:
      return new Float32Array(bytes);
    case DTYPE.int32:
      return new Int32Array(bytes);
    case DTYPE.int64:
      return new BigInt64Array(bytes);
    default:
      return new Uint8Array(bytes);
  }
}
