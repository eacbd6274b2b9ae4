import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, DataError } from '../errors.ts';
import { type Dataset, digest, type SkippedImage } from './dataset.ts';
import { decodeImage } from './decode.ts';
import { fileFault, findFaults, headerFault, type ListedFile, listPictures } from './folder-scan.ts';
import { describeSkipped } from './load-pixels.ts';

export interface ImageFolderOptions {
  /** 3 = sRGB (default), 1 = grey. */
  readonly channels?: 1 | 3;
  /**
   * `folders`: the first sub-folder names the class, and no picture may lie outside one. `none`: no labels.
   * `auto` (default): `folders` where every picture lies in one of at least two sub-folders, else `none`.
   */
  readonly labels?: 'auto' | 'folders' | 'none';
  /**
   * What is checked now. `headers`: each file starts like a picture. `pixels`: each file decodes, which finds truncated ones too.
   * `none`: nothing; a broken file shows when it is read. Default: `headers` up to {@link HEADER_SCAN_LIMIT} files, else `none`
   * after a look at {@link SAMPLED_HEADERS} of them.
   */
  readonly verify?: 'headers' | 'pixels' | 'none';
}

/** Files up to which opening a folder reads every header. A header takes well under a millisecond. */
export const HEADER_SCAN_LIMIT = 5_000;
/** Headers read, evenly spread, before a larger folder is believed to hold pictures. */
export const SAMPLED_HEADERS = 64;

/** A folder of pictures: a dataset that knows its files. */
export interface ImageFolder extends Dataset {
  /** `[size]`, below the folder, `/` between the parts. */
  readonly paths: readonly string[];
}

/**
 * The pictures below a folder (jpg, jpeg, png, webp, avif, gif, tif, tiff), ordered by path. Hidden files are ignored; empty and broken
 * ones are left out and named in `skipped`, now or, for those whose header is sound, by `loadPixels`. How they are decoded (orientation,
 * transparency, 16 bits, CMYK, animations): see `decodeImage`. The fingerprint covers paths, sizes in bytes and options, not the bytes.
 * @throws DataError when the folder is missing, holds no picture, or only broken ones.
 * @throws ConfigError when an option has an unknown value.
 */
export async function imageFolder(dir: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const { channels = 3, labels = 'auto' } = options;
  checkOptions(options);
  const listed = await listPictures(dir);
  if (listed.files.length === 0) throw nothingIn(dir, listed.skipped);
  const faults = await verified(dir, listed.files, channels, options.verify);
  const files = listed.files.filter((_, i) => !faults.has(i));
  const broken = [...faults].map(([i, reason]) => ({ path: listed.files[i]!.path, reason }));
  const skipped = [...listed.skipped, ...broken].sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) throw nothingIn(dir, skipped);
  return assemble(dir, { files, skipped, channels, named: classNames(dir, listed.files, labels) });
}

interface Found {
  readonly files: readonly ListedFile[];
  readonly skipped: readonly SkippedImage[];
  readonly channels: 1 | 3;
  readonly named: readonly string[] | undefined;
}

function assemble(dir: string, { files, skipped, channels, named }: Found): ImageFolder {
  const paths = files.map(file => file.path);
  const numbers = new Map(named?.map((name, number) => [name, number]));
  return {
    name: dir,
    size: files.length,
    channels,
    fingerprint: digest(
      `${channels}\n`,
      files.map(({ path, bytes }) => `${bytes} ${path}\n`).join(''),
      named?.join('\n'),
    ),
    ...(named && { classes: named, labels: Int32Array.from(paths, path => numbers.get(folderOf(path))!) }),
    skipped,
    paths,
    describe: index => paths[index] ?? `picture ${index}`,
    image: async (index, request) => {
      const path = paths[index];
      if (path === undefined)
        throw new DataError(`${dir}: an index must be from 0 to ${paths.length - 1}; got ${index}`);
      return decodeFile(dir, path, { channels, ...request });
    },
  };
}

async function decodeFile(
  dir: string,
  path: string,
  options: { channels: 1 | 3; shorterSide?: number },
): ReturnType<typeof decodeImage> {
  try {
    return await decodeImage(await readFile(join(dir, path)), options);
  } catch (error) {
    const reason = fileFault(error);
    throw new DataError(`imageFolder: every picture must be readable; got ${path}: ${reason}; remove or replace it`, {
      cause: new Error(reason, { cause: error }),
    });
  }
}

async function verified(
  dir: string,
  files: readonly ListedFile[],
  channels: 1 | 3,
  verify: ImageFolderOptions['verify'],
): Promise<Map<number, string>> {
  const header = async (i: number): Promise<string | undefined> => headerFault(join(dir, files[i]!.path));
  if (verify === 'none') return new Map();
  if (verify === 'pixels') {
    const pixels = async (i: number): Promise<string | undefined> =>
      decodeFile(dir, files[i]!.path, { channels }).then(() => undefined, fileFault);
    return findFaults(Array.from(files.keys()), pixels);
  }
  if (verify === 'headers' || files.length <= HEADER_SCAN_LIMIT) return findFaults(Array.from(files.keys()), header);
  const sample = Array.from({ length: SAMPLED_HEADERS }, (_, k) => Math.floor((k * files.length) / SAMPLED_HEADERS));
  const faults = await findFaults(sample, header);
  if (faults.size < sample.length) return new Map();
  throw nothingIn(
    dir,
    [...faults].map(([i, reason]) => ({ path: files[i]!.path, reason })),
  );
}

function classNames(
  dir: string,
  files: readonly ListedFile[],
  labels: 'auto' | 'folders' | 'none',
): string[] | undefined {
  if (labels === 'none') return undefined;
  const outside = files.find(({ path }) => !path.includes('/'));
  const names = [...new Set(files.map(({ path }) => folderOf(path)))].sort();
  if (!outside && (names.length > 1 || labels === 'folders')) return names;
  if (labels === 'auto') return undefined;
  throw new DataError(
    `imageFolder: with labels 'folders' every picture must lie in a sub-folder of ${dir}; got ${outside?.path}; move it or use labels 'none'`,
  );
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf('/')));
}

function nothingIn(dir: string, skipped: readonly SkippedImage[]): DataError {
  const got = skipped.length === 0 ? 'none' : describeSkipped(skipped, skipped.length);
  return new DataError(
    `imageFolder: "${dir}" must hold at least one readable picture (jpg, png, webp, avif, gif, tiff); got ${got}; check the path`,
  );
}

function checkOptions({ channels, labels, verify }: ImageFolderOptions): void {
  const check = (name: string, value: unknown, allowed: readonly unknown[]): void => {
    if (value !== undefined && !allowed.includes(value)) {
      throw new ConfigError(`imageFolder: ${name} must be one of ${allowed.join(', ')}; got ${String(value)}`);
    }
  };
  check('channels', channels, [1, 3]);
  check('labels', labels, ['auto', 'folders', 'none']);
  check('verify', verify, ['headers', 'pixels', 'none']);
}
