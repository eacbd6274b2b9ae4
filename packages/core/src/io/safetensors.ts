/** Reading and writing safetensors files, a tensor at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import { CheckpointError } from '../errors.ts';
import type { FileSink } from './atomic-file.ts';
import { fromBfloat16, fromFloat16 } from './half.ts';
import {
  buildHeader,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
  type TensorSpec,
  tensorBytes,
} from './safetensors-header.ts';

export type TensorValues = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A file whose header was read and checked. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly path: string;
  /**
   * A tensor's values, row-major: F32, F16 and BF16 as float32, I32, I64 and U8 as they are.
   * Throws `CheckpointError` for a name that is not in the file, another type, or a file that has shrunk since.
   */
  read(name: string): Promise<TensorValues>;
  close(): Promise<void>;
}

/** One read from the system is at most 2 GiB; this much at a time keeps the thread pool free in between. */
const CHUNK_BYTES = 64 * 2 ** 20;

/** Opens a file and checks its header, without reading a tensor. Throws `CheckpointError` naming the file and the rule. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const { size: bytes } = await file.stat();
    const length = headerLength(path, await readBytes(path, file, 0, Math.min(bytes, LENGTH_BYTES)), bytes);
    const header = parseHeader(path, await readBytes(path, file, LENGTH_BYTES, length), bytes);
    return {
      ...header,
      path,
      read: name => readTensor(path, file, name, header.tensors.get(name)),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const got = code === 'ENOENT' ? 'nothing there' : message;
    throw new CheckpointError(`${path}: must be a readable file; got ${got}; check the path`, { cause });
  }
  throw new CheckpointError(`${path}: must be a file; got a folder or a device; give the path of a .safetensors file`);
}

async function readBytes(
  path: string,
  file: FileHandle,
  begin: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, CHUNK_BYTES), begin + done);
    if (bytesRead === 0) {
      throw new CheckpointError(
        `${path}: must stay as it is while it is read; got its end at byte ${begin + done}; get or write it again`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}

async function readTensor(
  path: string,
  file: FileHandle,
  name: string,
  entry: TensorEntry | undefined,
): Promise<TensorValues> {
  if (!entry) throw new CheckpointError(`${path}: has no tensor '${name}'; ask for one of its names`);
  const { dtype, begin, end } = entry;
  const { buffer } = await readBytes(path, file, begin, end - begin);
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return fromFloat16(new Uint16Array(buffer));
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer));
    case 'I32':
      return new Int32Array(buffer);
    case 'I64':
      return new BigInt64Array(buffer);
    case 'U8':
      return new Uint8Array(buffer);
    default:
      throw new CheckpointError(
        `${path}: tensor '${name}' must be F32, F16, BF16, I32, I64 or U8 to be read; got ${dtype}; convert the file`,
      );
  }
}

/** A tensor to write; `values` is asked when its turn comes, so that one is in memory at a time. */
export interface TensorSource extends TensorSpec {
  readonly dtype: 'F32' | 'I32' | 'I64' | 'U8';
  readonly values: () => TensorValues;
}

/** Length of the file that `writeSafetensors` would write. */
export function safetensorsBytes(tensors: readonly TensorSource[], metadata: Readonly<Record<string, string>>): number {
  return tensors.reduce(
    (sum, { dtype, shape }) => sum + tensorBytes(dtype, shape),
    buildHeader(tensors, metadata).bytes.length,
  );
}

/**
 * Writes the header, then one tensor after the other. Throws `CheckpointError` when two have one name, or values are not as long as
 * their shape says.
 */
export async function writeSafetensors(
  file: Pick<FileSink, 'write'>,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const names = new Set<string>(['__metadata__']);
  for (const { name } of tensors) {
    if (names.has(name))
      throw new CheckpointError(`safetensors: tensors must have different names; got '${name}' twice; rename one`);
    names.add(name);
  }
  const { bytes, order } = buildHeader(tensors, metadata);
  await file.write(bytes);
  for (const { name, dtype, shape, values } of order) {
    const { buffer, byteOffset, byteLength } = values();
    if (byteLength !== tensorBytes(dtype, shape)) {
      throw new CheckpointError(
        `safetensors: tensor '${name}', ${dtype} [${shape}], takes ${tensorBytes(dtype, shape)} bytes; got ${byteLength}`,
      );
    }
    await file.write(new Uint8Array(buffer, byteOffset, byteLength));
  }
}
