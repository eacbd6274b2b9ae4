/** Takes single files out of a zip archive in constant memory: a wheel holds one of 720 MB. Offsets are those of PKWARE's APPNOTE, section 4.3. */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { EngineError } from '../../errors.ts';

export interface ZipMember {
  /** With `/`. */
  readonly name: string;
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly crc32: number;
  readonly deflated: boolean;
  readonly executable: boolean;
  /** Of its local header, from the start of the archive. */
  readonly offset: number;
}

const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const LOCAL_HEADER_BYTES = 30;
const READ_BYTES = 1 << 20;

/** An archive that is open for reading. */
export interface ZipArchive {
  readonly path: string;
  readonly handle: FileHandle;
  readonly members: readonly ZipMember[];
  close(): Promise<void>;
}

/** Reads the table of contents. Throws `EngineError` when the file is not a whole zip archive of less than 4 GiB. */
export async function openZip(path: string): Promise<ZipArchive> {
  const handle = await open(path, 'r');
  try {
    const members = await readDirectory(path, handle);
    return { path, handle, members, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readDirectory(path: string, handle: FileHandle): Promise<ZipMember[]> {
  const { size } = await handle.stat();
  const tail = await read(handle, Math.max(0, size - END_BYTES - LONGEST_COMMENT), size);
  const end = tail.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0)
    throw new EngineError(
      `engine install: a wheel must be a whole zip archive; got ${path}, which has no end record; try again`,
    );
  const [count, bytes, start] = [tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (start === 0xffffffff)
    throw new EngineError(`engine install: a wheel must be smaller than 4 GiB; got ${path}; use another version`);
  const directory = await read(handle, start, start + bytes);
  const members: ZipMember[] = [];
  for (let at = 0; members.length < count && at + 46 <= directory.length; ) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map(offset => directory.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    members.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      bytes: directory.readUInt32LE(at + 24),
      compressedBytes: directory.readUInt32LE(at + 20),
      crc32: directory.readUInt32LE(at + 16),
      deflated: directory.readUInt16LE(at + 10) === 8,
      executable: ((directory.readUInt32LE(at + 38) >>> 16) & 0o111) !== 0,
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return members;
}

/** Writes one file, flushed to the disk, and returns its SHA-256. Throws `EngineError` when its checksum is wrong. */
export async function extract(
  zip: ZipArchive,
  member: ZipMember,
  target: string,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: (bytes: number) => void } = {},
): Promise<string> {
  const header = await read(zip.handle, member.offset, member.offset + LOCAL_HEADER_BYTES);
  const start = member.offset + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  const hash = createHash('sha256');
  let [crc, bytes] = [0, 0];
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      crc = crc32(chunk, crc);
      bytes += chunk.length;
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  mkdirSync(dirname(target), { recursive: true });
  const options = { start, end: start + member.compressedBytes - 1, autoClose: false, highWaterMark: READ_BYTES };
  await pipeline(
    zip.handle.createReadStream(options),
    member.deflated ? createInflateRaw({ chunkSize: READ_BYTES }) : new PassThrough(),
    tap,
    createWriteStream(target, { flush: true, mode: member.executable ? 0o755 : 0o644 }),
    { signal },
  );
  if (crc !== member.crc32 || bytes !== member.bytes) {
    throw new EngineError(
      `engine install: ${member.name} in ${zip.path} must have the checksum that the archive gives; it has not; try again`,
    );
  }
  return hash.digest('hex');
}

async function read(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
  return buffer.subarray(0, bytesRead);
}
