import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DataError } from '../errors.ts';
import { checkIndex, type Dataset, digest, type SkippedImage } from './dataset.ts';
import { decodeImage, type SourceDecoding } from './decode.ts';
import { fileFault } from './file-fault.ts';
import type { PathTable } from './path-table.ts';

/** Pictures that are files: a dataset that knows where they are. */
export interface FileDataset extends Dataset {
  /** Below the folder that the dataset was opened with, `/` between the parts. */
  path(index: number): string;
  describe(index: number): string;
}

export interface FileDatasetParts {
  /** The caller, for messages. */
  readonly who: string;
  readonly name: string;
  /** The folder that the paths are relative to. */
  readonly root: string;
  readonly paths: PathTable;
  /** Bytes of files by path, of all or a sample: part of the fingerprint. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly decode: SourceDecoding & { readonly channels: number };
  readonly skipped: readonly SkippedImage[];
  readonly classes?: readonly string[] | undefined;
  readonly labels?: Int32Array | undefined;
  /** The labels are part of the fingerprint, as they do not follow from paths and classes. */
  readonly labelsMatter?: boolean;
}

/** The dataset of a list of files, each decoded when it is asked for. */
export function fileDataset(parts: FileDatasetParts): FileDataset {
  const { who, name, root, paths, decode, skipped, classes, labels } = parts;
  const pathAt = (index: number): string => {
    checkIndex(name, index, paths.size);
    return paths.at(index);
  };
  const read = async (path: string): Promise<Uint8Array> => readFile(resolve(root, path));
  return {
    name,
    size: paths.size,
    channels: decode.channels,
    ...(decode.depth && { depth: decode.depth }),
    fingerprint: fingerprintOf(parts),
    ...(classes && { classes }),
    ...(labels && { labels }),
    skipped,
    path: pathAt,
    describe: pathAt,
    image: async (index, request) => {
      const path = pathAt(index);
      return naming(who, path, async () => decodeImage(await read(path), { ...decode, ...request }));
    },
    encoded: async index => {
      const path = pathAt(index);
      return naming(who, path, async () => ({ bytes: await read(path), decode }));
    },
    file: index => ({ path: resolve(root, pathAt(index)), decode }),
  };
}

/** Gives the file's name to what goes wrong. */
export async function naming<T>(who: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = fileFault(error);
    throw new DataError(`${who}: every picture must be readable; got ${path}: ${reason}; remove or replace it`, {
      cause: new Error(reason, { cause: error }),
    });
  }
}

/** Over how pictures are decoded, paths, classes, and the sizes in bytes that were looked up. */
function fingerprintOf({ decode, paths, sizes, classes, labels, labelsMatter }: FileDatasetParts): string {
  const sized = Array.from(sizes, ([path, bytes]) => `${bytes} ${path}\n`).join('');
  const named = classes?.join('\n') ?? '';
  return digest(`${identityOf(decode)}\n`, ...paths.content, `\n${named}\n`, sized, labelsMatter ? labels : undefined);
}

/** How pictures are decoded, as part of a fingerprint. */
export function identityOf({ channels, depth, range }: SourceDecoding): string {
  return [channels, depth === 'float32' ? depth : '', range ?? ''].join(' ').trimEnd();
}
