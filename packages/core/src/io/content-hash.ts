/** A safetensors file that holds the hash of its own content, so that damage anywhere in it shows. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileSink } from './atomic-file.ts';
import { type TensorSource, writeSafetensors } from './safetensors.ts';

/** As long as a SHA-256 in hexadecimal; stands in its place while the rest is hashed. */
const NO_HASH = '0'.repeat(64);

/** Belongs in front of the other metadata of a file for `writeHashed`. */
export const HASH_FIELD: { readonly sha256: string } = { sha256: NO_HASH };

/** Writes and hashes at once; then the hash takes its place in the header. */
export async function writeHashed(
  file: FileSink,
  sources: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const hash = createHash('sha256');
  let place = -1;
  const write = (bytes: Uint8Array): Promise<void> => {
    if (place < 0) place = hashPlace(bytes, NO_HASH);
    hash.update(bytes);
    return file.write(bytes);
  };
  await writeSafetensors({ write }, sources, metadata);
  await file.patch(Buffer.from(hash.digest('hex')), place);
}

/** Where the hash stands in the first bytes of a file. */
function hashPlace(header: Uint8Array, hash: string): number {
  const key = '"sha256":"';
  const at = Buffer.from(header.buffer, header.byteOffset, header.byteLength).indexOf(`${key}${hash}"`);
  return at < 0 ? at : at + key.length;
}

/** The hash that a file with `stored` in its header ought to have. */
export async function hashOf(path: string, stored: string): Promise<string> {
  const hash = createHash('sha256');
  let first = true;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const bytes = chunk as Buffer;
    if (first) {
      const place = hashPlace(bytes, stored);
      if (place >= 0) bytes.write(NO_HASH, place);
    }
    first = false;
    hash.update(bytes);
  }
  return hash.digest('hex');
}
