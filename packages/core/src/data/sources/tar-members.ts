import type { FileHandle } from 'node:fs/promises';
import { filled, parsePax, parseTarHeader, TAR_BLOCK } from './tar-header.ts';

/** A plain file inside an archive. */
export interface TarMember {
  readonly name: string;
  /** Where its bytes begin. */
  readonly offset: number;
  readonly size: number;
  /** The archive ends inside it. */
  readonly cut: boolean;
}

export interface TarReader {
  /** The members in order, from their headers alone. @throws Error with a short reason where the archive is damaged. */
  members(): AsyncGenerator<TarMember>;
  /** Bytes of the archive, often without another call to the system. The buffer is valid until the next read. */
  bytes(offset: number, length: number): Promise<Buffer>;
}

/** Read where a header is due, so that the small members behind a picture and the next header come with it. */
const WINDOW = 4096;
/** While members are small it is cheaper to read over them. */
const WIDE_WINDOW = 65_536;
const SMALL_MEMBER = 16_384;
/** Names are shorter: a longer one is a damaged header. */
const MAX_EXTENSION_BYTES = 2 ** 20;

const PLAIN = new Set(['0', '\0', '7']);
/** Long name, long target of a link, pax records of the next member, of all. They come before the member that they tell about. */
const EXTENSIONS = new Set(['L', 'K', 'x', 'g']);
/** Links, devices, folders: nothing follows their header, whatever size it gives. */
const EMPTY = new Set(['1', '2', '3', '4', '5', '6']);

/** @param end bytes of the file */
export function tarReader(file: FileHandle, end: number): TarReader {
  let window: Buffer = Buffer.alloc(0);
  let windowStart = 0;
  let windowBytes = WINDOW;
  const bytes = async (offset: number, length: number): Promise<Buffer> => {
    if (offset < windowStart || offset + length > windowStart + window.length) {
      const wanted = Math.min(Math.max(length, windowBytes), end - offset);
      window = await readAll(file, Buffer.allocUnsafe(Math.max(0, wanted)), offset);
      windowStart = offset;
    }
    return window.subarray(offset - windowStart, offset - windowStart + length);
  };

  async function* members(): AsyncGenerator<TarMember> {
    let count = 0;
    let longName: string | undefined;
    let pax: Map<string, string> | undefined;
    for (let position = 0; position < end; count++) {
      const block = await bytes(position, TAR_BLOCK);
      if (block.length < TAR_BLOCK) throw new Error('it ends inside a header');
      const header = parseTarHeader(block);
      if (!header) return;
      const offset = position + TAR_BLOCK;
      if (EXTENSIONS.has(header.type)) {
        const { size } = header;
        if (!(size <= MAX_EXTENSION_BYTES)) throw new Error('a damaged header');
        const payload = await bytes(offset, size);
        if (payload.length < size) throw new Error('it ends inside a header');
        if (header.type === 'L') longName = payload.toString('utf8').replace(/\0.*$/s, '');
        else if (header.type === 'x') pax = parsePax(payload);
        position = offset + filled(size);
        continue;
      }
      const size = Number(pax?.get('size') ?? header.size);
      if (!Number.isSafeInteger(size) || size < 0) throw new Error('a damaged header');
      const name = pax?.get('path') ?? longName ?? header.name;
      const sparse = pax?.has('GNU.sparse.major') || pax?.has('GNU.sparse.map');
      // Before POSIX a folder was a plain file whose name ends in a slash.
      if (PLAIN.has(header.type) && !sparse && !name.endsWith('/')) {
        yield { name, offset, size, cut: offset + size > end };
      }
      longName = undefined;
      pax = undefined;
      position = offset + (EMPTY.has(header.type) ? 0 : filled(size));
      windowBytes = position / (count + 1) < SMALL_MEMBER ? WIDE_WINDOW : WINDOW;
    }
  }
  return { members, bytes };
}

/** Fills the buffer, or returns the part that the file had. */
export async function readAll(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < buffer.length; ) {
    // One call to the system reads at most 2 GiB.
    const { bytesRead } = await file.read(buffer, done, Math.min(buffer.length - done, 2 ** 30), position + done);
    if (bytesRead === 0) return buffer.subarray(0, done);
    done += bytesRead;
  }
  return buffer;
}
