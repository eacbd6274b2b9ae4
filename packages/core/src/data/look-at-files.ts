import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type DecodeOptions, decodeImage } from './decode.ts';
import { fileFault } from './file-fault.ts';
import { findFaults, headerFault, sizeFault } from './folder-scan.ts';
import { fileSizes } from './list-files.ts';
import type { PathTable } from './path-table.ts';

/**
 * What is checked when files are opened. `headers`: each starts like a picture. `pixels`: each decodes, which finds truncated ones too.
 * `none`: sizes alone; a broken file shows when it is read. Default: `headers` up to {@link HEADER_SCAN_LIMIT} files; beyond that
 * {@link SAMPLED} of them are looked at, to see whether these are pictures at all.
 */
export type Verify = 'headers' | 'pixels' | 'none';

/** Files up to which all are looked at. A header takes well under a millisecond. */
export const HEADER_SCAN_LIMIT = 5_000;
/** How many of more files are looked at, evenly spread. */
export const SAMPLED = 64;

export interface LookOptions {
  readonly root: string;
  readonly paths: PathTable;
  readonly decode: DecodeOptions;
  readonly verify: Verify | undefined;
}

export interface Looked {
  /** Bytes by path, of all files or of a sample, whatever `verify` is: the fingerprint must not depend on it. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Why files cannot be used, by index. */
  readonly faults: ReadonlyMap<number, string>;
  /** Only a sample was looked at: there may be more faults. */
  readonly sampled: boolean;
}

/** Looks at files as `verify` says. */
export async function lookAtFiles({ root, paths, decode, verify }: LookOptions): Promise<Looked> {
  const many = paths.size > HEADER_SCAN_LIMIT;
  const count = many ? SAMPLED : paths.size;
  const some = Uint32Array.from({ length: count }, (_, k) => Math.floor((k * paths.size) / count));
  const sizes = await fileSizes(root, paths, some);
  const fault = async (i: number): Promise<string | undefined> => {
    const path = paths.at(i);
    const reason = sizeFault(sizes.get(path) ?? 1);
    if (reason !== undefined || verify === 'none') return reason;
    return verify === 'pixels' ? pixelFault(resolve(root, path), decode) : headerFault(resolve(root, path));
  };
  const sampled = many && verify !== 'headers' && verify !== 'pixels';
  const faults = await findFaults(sampled ? some : Uint32Array.from({ length: paths.size }, (_, i) => i), fault);
  if (!sampled) for (const i of faults.keys()) sizes.delete(paths.at(i)); // what is left out is no part of the dataset
  return { sizes, faults, sampled };
}

async function pixelFault(file: string, decode: DecodeOptions): Promise<string | undefined> {
  try {
    await decodeImage(await readFile(file), decode);
    return undefined;
  } catch (error) {
    return fileFault(error);
  }
}
