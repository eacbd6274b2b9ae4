/**
 * Numeric arrays in MATLAB's MAT-files, level 5, compressed or not, read in constant memory.
 * Format: "MAT-File Format", The MathWorks, chapter 1.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createInflate } from 'node:zlib';
import { DataError } from '@ssl/core/data';
import { type ByteReader, byteReader } from './byte-reader.ts';

export interface MatArray {
  readonly name: string;
  /** First index fastest. */
  readonly shape: readonly number[];
  /** How the values are stored; MATLAB stores doubles that are whole numbers in fewer bytes. */
  readonly type: MatType;
  readonly bytes: number;
  /** The values' bytes, little-endian, piece by piece. */
  read(): AsyncGenerator<Uint8Array>;
}

export type MatType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32' | 'float64';

/** Table 1-1. */
const TYPES: Readonly<Record<number, MatType>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
};
const [MATRIX, COMPRESSED] = [14, 15];
const HEADER_BYTES = 128;
/** Classes of arrays that hold numbers: mxDOUBLE_CLASS to mxUINT64_CLASS (table 1-3). */
const NUMERIC = { from: 6, to: 15 };

/** Lists the numeric arrays of a file; values are read when asked for. Throws `DataError` when it is not such a file, or a damaged one. */
export async function matArrays(file: string): Promise<MatArray[]> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`matArrays: ${file} must be readable; got ${error.code}; check the path`, { cause: error });
  });
  try {
    const { size } = await handle.stat();
    await checkHeader(file, handle);
    const arrays: MatArray[] = [];
    for (let at = HEADER_BYTES; at + 8 <= size; ) {
      const tag = Buffer.alloc(8);
      await handle.read(tag, 0, 8, at);
      const [type, bytes] = [tag.readUInt32LE(0), tag.readUInt32LE(4)];
      if (at + 8 + bytes > size) throw damaged(file, `${size} bytes where there must be ${at + 8 + bytes}`);
      const array = await arrayAt({ file, start: at, end: at + 8 + bytes, compressed: type === COMPRESSED });
      if (array) arrays.push(array);
      at += 8 + bytes; // matrices are padded inside, compressed ones not at all
    }
    return arrays;
  } finally {
    await handle.close();
  }
}

async function checkHeader(file: string, handle: FileHandle): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  const text = header.toString('latin1', 0, 20).trim();
  if (bytesRead < HEADER_BYTES || header.readUInt16LE(124) !== 0x0100 || header.toString('latin1', 126) !== 'IM') {
    throw damaged(
      file,
      text.startsWith('MATLAB 7.3') ? 'version 7.3: save it with -v7' : `one that starts with "${text}"`,
    );
  }
}

interface Element {
  readonly file: string;
  /** Of its tag. */
  readonly start: number;
  readonly end: number;
  readonly compressed: boolean;
}

/** The numeric array in an element, or `undefined` where it is something else. */
async function arrayAt(element: Element): Promise<MatArray | undefined> {
  const head = await onReader(element, reader => arrayHead(element.file, reader));
  if (!head) return undefined;
  return {
    ...head,
    async *read() {
      const reader = openElement(element);
      try {
        await arrayHead(element.file, reader);
        yield* reader.pieces(head.bytes);
      } catch (error) {
        throw explained(element.file, error);
      } finally {
        reader.close();
      }
    },
  };
}

async function onReader<T>(element: Element, work: (reader: ByteReader) => Promise<T>): Promise<T> {
  const reader = openElement(element);
  try {
    return await work(reader);
  } catch (error) {
    throw explained(element.file, error);
  } finally {
    reader.close();
  }
}

function openElement({ file, start, end, compressed }: Element): ByteReader {
  if (!compressed) return byteReader(createReadStream(file, { start, end: end - 1 }));
  const packed = createReadStream(file, { start: start + 8, end: end - 1, highWaterMark: 1 << 18 });
  const inflated = packed.pipe(createInflate({ chunkSize: 1 << 18 }));
  packed.on('error', error => inflated.destroy(error));
  return byteReader(inflated as Readable, () => packed.destroy());
}

/** Reads up to the values: flags, dimensions, name, and the tag of the values. */
async function arrayHead(file: string, reader: ByteReader): Promise<Omit<MatArray, 'read'> | undefined> {
  const [type] = await tagged(reader);
  if (type !== MATRIX) return undefined;
  const flags = await field(reader);
  const kind = flags.readUInt32LE(0) & 0xff;
  if (kind < NUMERIC.from || kind > NUMERIC.to) return undefined;
  const dimensions = await field(reader);
  const shape = Array.from({ length: dimensions.length / 4 }, (_, i) => dimensions.readInt32LE(4 * i));
  const name = (await field(reader)).toString('latin1');
  const [stored, bytes] = await tagged(reader);
  const of = TYPES[stored];
  if (of === undefined) throw damaged(file, `values of type ${stored} in ${name}`);
  return { name, shape, type: of, bytes };
}

/** Type and bytes of a data element; in the small format, the bytes follow in the same eight. */
async function tagged(reader: ByteReader): Promise<[type: number, bytes: number]> {
  const first = (await reader.take(4)).readUInt32LE(0);
  if (first >>> 16 !== 0) return [first & 0xffff, first >>> 16];
  return [first, (await reader.take(4)).readUInt32LE(0)];
}

async function field(reader: ByteReader): Promise<Buffer> {
  const before = reader.position();
  const [, bytes] = await tagged(reader);
  const content = await reader.take(bytes);
  await reader.take(padding(reader.position() - before));
  return content;
}

function padding(bytes: number): number {
  return (8 - (bytes % 8)) % 8;
}

function explained(file: string, error: unknown): unknown {
  const { name, code, message } = error as NodeJS.ErrnoException;
  if (name === 'DataError') return error;
  return name === 'EndOfBytes' || code?.startsWith('Z_') ? damaged(file, message) : error;
}

function damaged(file: string, got: string): DataError {
  return new DataError(
    `matArrays: ${file} must be a whole MAT-file, level 5, little-endian; got ${got}; fetch it again`,
  );
}
