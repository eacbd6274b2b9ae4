import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, DataError } from '../../errors.ts';
import { checkIndex, digest } from '../dataset.ts';
import { checkDecodeOptions, decodeImage, type SourceDecoding } from '../decode.ts';
import { identityOf, naming } from '../file-dataset.ts';
import { fileFault } from '../file-fault.ts';
import { folderClasses } from '../folder-classes.ts';
import { IN_FLIGHT, listFiles } from '../list-files.ts';
import { describeSkipped } from '../load-pixels.ts';
import { openPicture, plainReason } from '../open-picture.ts';
import { forEachLimited } from '../parallel.ts';
import { filterPaths, type PathTable } from '../path-table.ts';
import { checkKeys } from '../views/check.ts';
import { checkSelection, chosenFrames, type FrameDataset, type FrameSelection } from './frame-selection.ts';

/** How frames are decoded and chosen (default: all). */
export interface AnimationFramesOptions extends SourceDecoding, FrameSelection {
  /** As for {@link imageFolder}. */
  readonly labels?: 'auto' | 'folders' | 'none';
}

const FORMATS = new Set(['gif', 'webp', 'tif', 'tiff']);

/**
 * The frames of the animations (GIF, WebP) and the pages of the TIFF files below a folder, ordered by path, then by frame. A picture with a
 * single frame counts as an animation of one. Opening reads each file to count its frames; a frame is decoded when it is asked for, which
 * takes its file anew. Files that cannot be read are left out and named in `skipped`.
 * @throws DataError when the folder is missing or holds no such file that can be read.
 * @throws ConfigError when an option is unknown or out of range.
 */
export async function animationFrames(dir: string, options: AnimationFramesOptions = {}): Promise<FrameDataset> {
  checkOptions(options);
  const { channels = 3, depth, range, labels = 'auto', every, count } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const selection: FrameSelection = { ...(every && { every }), ...(count && { count }) };
  const all = await listFiles(WHO, dir, extension => FORMATS.has(extension));
  const { totals, faults } = await countFrames(dir, all);
  const skipped = Array.from(faults, ([i, reason]) => ({ path: all.at(i), reason }));
  const paths = filterPaths(all, i => !faults.has(i));
  if (paths.size === 0) throw nothingIn(dir, describeSkipped(skipped, skipped.length));
  const { clips, frames } = framesOf(
    totals.filter((_, i) => !faults.has(i)),
    selection,
  );
  const named = folderClasses({ who: WHO, dir, all, kept: paths, labels });
  const place = (index: number): { path: string; page: number } => {
    checkIndex(dir, index, clips.length);
    return { path: paths.at(clips[index]!), page: frames[index]! };
  };
  const describe = (index: number): string => `${place(index).path} frame ${place(index).page}`;
  const encoded = async (index: number): Promise<{ bytes: Uint8Array; decode: SourceDecoding & { page: number } }> => {
    const { path, page } = place(index);
    return naming(WHO, path, async () => ({ bytes: await readFile(join(dir, path)), decode: { ...decode, page } }));
  };
  return {
    name: dir,
    size: clips.length,
    channels,
    ...(depth && { depth }),
    fingerprint: digest(`frames ${identityOf(decode)}\n`, ...paths.content, clips, frames, named.classes?.join('\n')),
    ...(named.classes && { classes: named.classes, labels: Int32Array.from(clips, clip => named.labels![clip]!) }),
    skipped,
    clips,
    describe,
    encoded,
    image: async (index, request) => {
      const { bytes, decode: page } = await encoded(index);
      return naming(WHO, describe(index), async () => decodeImage(bytes, { ...page, ...request }));
    },
  };
}

const WHO = 'animationFrames';

async function countFrames(
  dir: string,
  paths: PathTable,
): Promise<{ totals: Uint32Array; faults: ReadonlyMap<number, string> }> {
  const totals = new Uint32Array(paths.size);
  const faults = new Map<number, string>();
  await forEachLimited(paths.size, IN_FLIGHT, async i => {
    try {
      const bytes = await readFile(join(dir, paths.at(i)));
      const { pages = 1 } = await openPicture(bytes)
        .metadata()
        .catch((error: unknown) => Promise.reject(new Error(plainReason(error))));
      totals[i] = pages;
    } catch (error) {
      faults.set(i, fileFault(error));
    }
  });
  return { totals, faults: new Map([...faults].sort(([a], [b]) => a - b)) }; // they end in any order
}

/** @returns for each frame the number of its clip and its own. */
function framesOf(totals: Uint32Array, selection: FrameSelection): { clips: Uint32Array; frames: Uint32Array } {
  const chosen = Array.from(totals, total => chosenFrames(total, selection));
  const size = chosen.reduce((sum, { length }) => sum + length, 0);
  const [clips, frames] = [new Uint32Array(size), new Uint32Array(size)];
  let at = 0;
  chosen.forEach((numbers, clip) => {
    clips.fill(clip, at, at + numbers.length);
    frames.set(numbers, at);
    at += numbers.length;
  });
  return { clips, frames };
}

function nothingIn(dir: string, skipped: string): DataError {
  return new DataError(
    `${WHO}: "${dir}" must hold at least one readable animation (gif, webp, tiff); got ${skipped || 'none'}; check the path`,
  );
}

function checkOptions(options: AnimationFramesOptions): void {
  checkKeys(WHO, options, ['channels', 'depth', 'range', 'labels', 'every', 'count']);
  const { labels, every, count, ...decode } = options;
  checkDecodeOptions(WHO, decode);
  checkSelection(WHO, options);
  if (labels !== undefined && !['auto', 'folders', 'none'].includes(labels)) {
    throw new ConfigError(`${WHO}: labels must be one of auto, folders, none; got ${String(labels)}`);
  }
}
