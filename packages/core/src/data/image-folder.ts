import { resolve } from 'node:path';
import { ConfigError, DataError } from '../errors.ts';
import type { SkippedImage } from './dataset.ts';
import { checkDecodeOptions, type SourceDecoding } from './decode.ts';
import { type FileDataset, fileDataset } from './file-dataset.ts';
import { type FolderClasses, folderClasses } from './folder-classes.ts';
import { listPictures, withoutFaults } from './folder-scan.ts';
import { describeSkipped } from './load-pixels.ts';
import { lookAtFiles, type Verify } from './look-at-files.ts';
import { checkKeys } from './views/check.ts';

/** How the pictures are decoded (`channels`, `depth`, `range`: see `decodeImage`), and what is made of the folder. */
export interface ImageFolderOptions extends SourceDecoding {
  /**
   * `folders`: the first sub-folder names the class, and no picture may lie outside one. `none`: no labels.
   * `auto` (default): `folders` where every picture lies in one of at least two sub-folders, else `none`; sub-folders that are parts of a
   * data set (`train` and `val`) are refused.
   */
  readonly labels?: 'auto' | 'folders' | 'none';
  /** The classes and their order, instead of the sub-folders found: those of the training part, so that a validation part has its labels. */
  readonly classes?: readonly string[];
  /** What is checked now: see {@link Verify}. */
  readonly verify?: Verify;
}

/** A folder of pictures. */
export interface ImageFolder extends FileDataset {
  /** Classes without a picture here, where `classes` was given. */
  readonly absentClasses?: readonly string[];
}

/**
 * The pictures below a folder (the formats of `decodeImage`), ordered by path. Hidden files are ignored; empty and broken ones are left out
 * and named in `skipped`, now or, for those whose header is sound, when they are read. How they are decoded (orientation, transparency,
 * depth, CMYK, animations): see `decodeImage`. The fingerprint covers paths, options and sizes in bytes (of more than 5,000
 * files those of a sample), not the content. The index takes 4 bytes a file beside its name, and 4 for a label.
 * @throws DataError when the folder is missing, holds no picture, only broken ones, or sub-folders that are not among `classes`.
 * @throws ConfigError when an option is unknown or has an unknown value.
 */
export async function imageFolder(dir: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  checkOptions(options);
  const { channels = 3, depth, range, labels = 'auto', classes, verify } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const listed = await listPictures(dir);
  if (listed.paths.size === 0) throw nothingIn(dir, listed.skipped);
  const { sizes, faults, sampled } = await lookAtFiles({ root: dir, paths: listed.paths, decode, verify });
  if (sampled && faults.size === sizes.size) {
    throw nothingIn(
      dir,
      Array.from(faults, ([i, reason]) => ({ path: listed.paths.at(i), reason })),
    );
  }
  const kept = sampled ? listed : withoutFaults(listed, faults); // of a sample, the broken are no more worth naming than the rest
  if (kept.paths.size === 0) throw nothingIn(dir, kept.skipped);
  const named = folderClasses({ who: 'imageFolder', dir, all: listed.paths, kept: kept.paths, labels, classes });
  const dataset = fileDataset({ who: 'imageFolder', name: dir, root: dir, decode, sizes, ...kept, ...named });
  return { ...dataset, ...absent(named, classes) };
}

/**
 * Parts of a data set that lie side by side, with the classes of the first: `imageFolders('photos', ['train', 'val'])`. A later part may
 * lack classes (see `absentClasses`), but has no others; where the first has no labels, none has.
 * @returns one dataset for each of `parts`, in that order.
 * @throws DataError and ConfigError as {@link imageFolder}, when a part has a class that the first lacks, and when no part is named.
 */
export async function imageFolders<const Parts extends readonly string[]>(
  dir: string,
  parts: Parts,
  options: ImageFolderOptions = {},
): Promise<{ -readonly [Place in keyof Parts]: ImageFolder }> {
  const [first, ...others] = parts;
  if (first === undefined)
    throw new ConfigError("imageFolders: parts must name sub-folders, as in ['train', 'val']; got []");
  const opened = [await imageFolder(resolve(dir, first), options)];
  const { classes } = opened[0]!;
  const rest: ImageFolderOptions = classes
    ? { ...options, labels: 'folders', classes }
    : { ...options, labels: 'none' };
  for (const part of others) opened.push(await imageFolder(resolve(dir, part), rest));
  return opened as { -readonly [Place in keyof Parts]: ImageFolder };
}

function absent(
  { classes, labels }: FolderClasses,
  given: readonly string[] | undefined,
): { absentClasses?: readonly string[] } {
  if (!given || !classes) return {};
  const present = new Set(labels);
  return { absentClasses: classes.filter((_, label) => !present.has(label)) };
}

function nothingIn(dir: string, skipped: readonly SkippedImage[]): DataError {
  const got = skipped.length === 0 ? 'none' : describeSkipped(skipped, skipped.length);
  return new DataError(
    `imageFolder: "${dir}" must hold at least one readable picture (jpg, png, webp, avif, gif, tiff, npy); got ${got}; check the path`,
  );
}

function checkOptions(options: ImageFolderOptions): void {
  checkKeys('imageFolder', options, ['channels', 'depth', 'range', 'labels', 'classes', 'verify']);
  const { labels, classes, verify, ...decode } = options;
  const check = (name: string, value: unknown, allowed: readonly unknown[]): void => {
    if (value !== undefined && !allowed.includes(value)) {
      throw new ConfigError(`imageFolder: ${name} must be one of ${allowed.join(', ')}; got ${String(value)}`);
    }
  };
  checkDecodeOptions('imageFolder', decode);
  check('labels', labels, ['auto', 'folders', 'none']);
  check('verify', verify, ['headers', 'pixels', 'none']);
  if (classes && (classes.length === 0 || new Set(classes).size < classes.length || labels === 'none')) {
    const got = labels === 'none' ? "labels 'none'" : JSON.stringify(classes);
    throw new ConfigError(`imageFolder: classes must be names, each once, of pictures with labels; got ${got}`);
  }
}
