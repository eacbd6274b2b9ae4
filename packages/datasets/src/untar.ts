import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DataError } from '@ssl/core/data';
import { extract } from 'tar-stream';

export interface UntarOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each piece of the archive that was read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Unpacks a `.tar.gz` in constant memory. Files and folders only: an archive that holds links, devices, or names that lead outside is refused.
 * @throws DataError in these cases, and when it is cut off or damaged.
 */
export async function untar(archive: string, into: string, { signal, onBytes }: UntarOptions = {}): Promise<void> {
  const entries = extract();
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  const reading = pipeline(createReadStream(archive, { highWaterMark: 1 << 20 }), tap, createGunzip(), entries, {
    signal,
  });
  const writing = async (): Promise<void> => {
    for await (const entry of entries) {
      const { name, type } = entry.header;
      const target = safeTarget(archive, into, name);
      if (type === 'directory') {
        mkdirSync(target, { recursive: true });
        entry.resume();
      } else if (type === 'file' || type === 'contiguous-file') {
        mkdirSync(dirname(target), { recursive: true });
        await pipeline(entry, createWriteStream(target), { signal });
      } else throw refused(archive, `${name}, a ${type}`);
    }
  };
  const [read, written] = await Promise.allSettled([reading, writing()]);
  // A refused entry ends the reading too, with an error that says less.
  for (const { status, reason } of [written, read] as PromiseRejectedResult[]) {
    if (status === 'rejected') throw explained(reason, archive);
  }
}

function safeTarget(archive: string, into: string, name: string): string {
  if (/^([a-z]:)?[\\/]/i.test(name) || name.split(/[\\/]/).includes('..') || name.includes('\0')) {
    throw refused(archive, name);
  }
  return join(into, name);
}

function refused(archive: string, got: string): DataError {
  return new DataError(
    `untar: ${archive} must hold files and folders below its own; got ${got}; take it from a source you trust`,
  );
}

function explained(error: unknown, archive: string): unknown {
  const { name, code, message } = error as NodeJS.ErrnoException;
  const ofZlib = code?.startsWith('Z_') || code === 'ERR_STREAM_PREMATURE_CLOSE';
  const ofTar = /^(Unexpected end of data|Invalid (tar )?header)/.test(message);
  if (name === 'DataError' || !(ofZlib || ofTar)) return error;
  return new DataError(`untar: ${archive} must be a whole .tar.gz; got: ${message}; fetch it again`, { cause: error });
}
