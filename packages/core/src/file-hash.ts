import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export interface FileHashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of each piece read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Hash of a file of any size, in hexadecimal. */
export async function fileHash(
  file: string,
  algorithm: 'sha256' | 'md5',
  { signal, onBytes }: FileHashOptions = {},
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(
    createReadStream(file, { highWaterMark: 1 << 20 }),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        onBytes?.(chunk.length);
      }
    },
    { signal },
  );
  return hash.digest('hex');
}
