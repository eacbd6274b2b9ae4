/**
 * The header of a safetensors file: what is in it and where. The format is that of the `safetensors` library (`safetensors/src/tensor.rs`,
 * format section of its README): 8 bytes little-endian length of the header, the header as JSON, the tensors' bytes without gaps.
 */
import { CheckpointError } from '../errors.ts';

/** Bytes of one value. Types that are only listed here can be skipped over, not read. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type SafetensorsDtype = keyof typeof DTYPE_BYTES;

/** One tensor in a file. */
export interface TensorEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte and the one after the last, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Bytes in front of the header. */
export const LENGTH_BYTES = 8;
/** The library's own limit, `MAX_HEADER_SIZE`. */
const MAX_HEADER_BYTES = 100_000_000;
/** The tensors' bytes start at a multiple of this. */
const ALIGNMENT = 8;

function broken(who: string, rule: string, got: string): CheckpointError {
  return new CheckpointError(
    `${who}: ${rule}; got ${got}; the file is damaged or not a safetensors file: get or write it again`,
  );
}

/** The header's length. Throws `CheckpointError` when the file cannot hold it. */
export function headerLength(who: string, prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < LENGTH_BYTES || prefix.length < LENGTH_BYTES) {
    throw broken(who, `must have at least ${LENGTH_BYTES} bytes`, `${fileBytes}`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES)
    throw broken(who, `the header may be at most ${MAX_HEADER_BYTES} bytes long`, `${length}`);
  if (length > fileBytes - LENGTH_BYTES)
    throw broken(who, `the header must lie within the file of ${fileBytes} bytes`, `a length of ${length}`);
  return Number(length);
}

/** Reads and checks a header; every byte after it must belong to one tensor. Throws `CheckpointError` naming the rule. */
export function parseHeader(who: string, json: Uint8Array, fileBytes: number): SafetensorsHeader {
  const start = LENGTH_BYTES + json.length;
  const { __metadata__: metadata = {}, ...entries } = record(who, 'the header', parseJson(who, json));
  const tensors = Object.entries(entries).map(
    ([name, entry]) => [name, tensorEntry(`${who}: tensor '${name}'`, entry, start)] as const,
  );
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let expected = start;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== expected)
      throw broken(
        `${who}: tensor '${name}'`,
        `must begin at byte ${expected}, where the one before it ends`,
        `${begin}`,
      );
    expected = end;
  }
  if (expected !== fileBytes)
    throw broken(who, `its tensors end at byte ${expected}, so it must have as many`, `${fileBytes} bytes`);
  return { metadata: stringRecord(who, metadata), tensors: new Map(tensors) };
}

function parseJson(who: string, json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw broken(who, 'the header must be JSON', cause instanceof Error ? cause.message.slice(0, 80) : String(cause));
  }
}

function record(who: string, what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw broken(who, `${what} must be an object`, shorten(value));
}

function stringRecord(who: string, value: unknown): Readonly<Record<string, string>> {
  const strings = record(who, '__metadata__', value);
  for (const [key, text] of Object.entries(strings)) {
    if (typeof text !== 'string') throw broken(who, `__metadata__ must hold strings, '${key}' too`, shorten(text));
  }
  return strings as Readonly<Record<string, string>>;
}

function tensorEntry(who: string, value: unknown, start: number): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = record(who, 'its entry', value);
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw broken(who, `dtype must be one of ${Object.keys(DTYPE_BYTES).join(', ')}`, shorten(dtype));
  }
  if (!isNaturals(shape)) throw broken(who, 'shape must be a list of whole numbers, 0 or above', shorten(shape));
  if (!isNaturals(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw broken(who, 'data_offsets must be two rising whole numbers', shorten(offsets));
  }
  const [first, last] = offsets as [number, number];
  const bytes = tensorBytes(dtype as SafetensorsDtype, shape);
  if (bytes !== last - first)
    throw broken(who, `${dtype} [${shape}] takes ${bytes} bytes`, `offsets for ${last - first}`);
  return { dtype: dtype as SafetensorsDtype, shape, begin: start + first, end: start + last };
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(x => Number.isSafeInteger(x) && x >= 0);
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

export function tensorBytes(dtype: SafetensorsDtype, shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype]);
}

/** A tensor to be written. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
}

/**
 * The header's bytes, its length in front, padded so that what follows is aligned; and the tensors in the order in which their
 * bytes must follow: widest type first, so that all stay aligned.
 */
export function buildHeader<T extends TensorSpec>(
  tensors: readonly T[],
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array; order: readonly T[] } {
  const order = [...tensors].sort((a, b) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]);
  let offset = 0;
  const entries = order.map(({ name, dtype, shape }) => {
    const begin = offset;
    offset += tensorBytes(dtype, shape);
    return [name, { dtype, shape, data_offsets: [begin, offset] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries([['__metadata__', metadata], ...entries])));
  const padded = Math.ceil((LENGTH_BYTES + json.length) / ALIGNMENT) * ALIGNMENT - LENGTH_BYTES;
  const bytes = new Uint8Array(LENGTH_BYTES + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, LENGTH_BYTES);
  return { bytes, order };
}
