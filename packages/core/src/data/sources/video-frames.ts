import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ConfigError, DataError, SSLError } from '../../errors.ts';
import { cacheFolder } from '../../user-cache.ts';
import { digest, type SkippedImage } from '../dataset.ts';
import { checkDecodeOptions, reasonOf, type SourceDecoding } from '../decode.ts';
import { fileDataset, identityOf } from '../file-dataset.ts';
import { folderClasses } from '../folder-classes.ts';
import { listFiles } from '../list-files.ts';
import { describeSkipped } from '../load-pixels.ts';
import { filterPaths, pathTableBuilder } from '../path-table.ts';
import { checkKeys } from '../views/check.ts';
import { countVideoFrames, extractFrames, type FfmpegCommand } from './ffmpeg.ts';
import { checkSelection, chosenFrames, type FrameDataset, type FrameSelection } from './frame-selection.ts';

/** How frames are chosen (`every` or `count`: one must be given) and decoded. */
export interface VideoFramesOptions extends SourceDecoding, FrameSelection {
  /** As for {@link imageFolder}; each video takes the place of a picture. */
  readonly labels?: 'auto' | 'folders' | 'none';
  /** Where extracted frames are kept, as JPEG files. Default: `frames` in the user's cache folder. */
  readonly cache?: string;
  /** The program ffmpeg, version 5.1 or newer, and what comes before our arguments. Default `['ffmpeg']`. */
  readonly ffmpeg?: FfmpegCommand;
  /** Called after each video, readable or not. */
  readonly onProgress?: (done: number, total: number) => void;
}

const FORMATS = new Set(['mp4', 'm4v', 'mov', 'mkv', 'webm', 'avi', 'mpg', 'mpeg', 'wmv', 'flv']);
const WHO = 'videoFrames';

/**
 * Frames of the videos below a folder (mp4, m4v, mov, mkv, webm, avi, mpg, mpeg, wmv, flv), ordered by path, then by frame. They are taken out
 * once, by the program ffmpeg, into a cache folder; a video that has changed since (size or time) is taken out anew. Videos that cannot be read
 * are left out and named in `skipped`.
 * @throws DataError when the folder is missing or holds no video that can be read.
 * @throws ConfigError when ffmpeg is missing, or an option is unknown, missing or out of range.
 */
export async function videoFrames(dir: string, options: VideoFramesOptions): Promise<FrameDataset> {
  checkOptions(options);
  const { channels = 3, depth, range, labels = 'auto', every, count, onProgress } = options;
  const { cache = cacheFolder('frames'), ffmpeg = ['ffmpeg'] } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const selection: FrameSelection = { ...(every && { every }), ...(count && { count }) };
  const all = await listFiles(WHO, dir, extension => FORMATS.has(extension));
  await mkdir(cache, { recursive: true });
  const files = pathTableBuilder();
  const [clips, numbers, identity]: [number[], number[], string[]] = [[], [], []];
  const skipped: SkippedImage[] = [];
  const broken = new Set<number>();
  for (let i = 0; i < all.size; i++) {
    const found = await framesOf(resolve(dir, all.at(i)), { cache, ffmpeg, selection });
    onProgress?.(i + 1, all.size);
    if ('reason' in found) {
      skipped.push({ path: all.at(i), reason: found.reason });
      broken.add(i);
      continue;
    }
    const clip = i - broken.size;
    identity.push(`${found.bytes} ${all.at(i)}\n`);
    for (const name of found.names) {
      files.add(found.folder, name);
      clips.push(clip);
      numbers.push(Number.parseInt(name, 10));
    }
  }
  if (clips.length === 0) throw nothingIn(dir, describeSkipped(skipped, all.size));
  const videos = filterPaths(all, i => !broken.has(i));
  const { classes, labels: byClip } = folderClasses({ who: WHO, dir, all, kept: videos, labels });
  const frames = fileDataset({
    who: WHO,
    name: dir,
    root: cache,
    paths: files.finish(),
    sizes: new Map(),
    decode,
    skipped,
    classes,
    labels: byClip && Int32Array.from(clips, clip => byClip[clip]!),
  });
  return {
    ...frames,
    fingerprint: digest(
      `videos ${identityOf(decode)}\n`,
      ...identity,
      Uint32Array.from(clips),
      Uint32Array.from(numbers),
    ),
    clips: Uint32Array.from(clips),
    describe: index => {
      frames.path(index); // checks the index
      return `${videos.at(clips[index]!)} frame ${numbers[index]}`;
    },
  };
}

interface Extraction {
  readonly cache: string;
  readonly ffmpeg: FfmpegCommand;
  readonly selection: FrameSelection;
}

type Frames =
  | { readonly folder: string; readonly names: readonly string[]; readonly bytes: number }
  | { readonly reason: string };

/** The extracted frames of a video, from the cache where they are there. Their names are the numbers of the frames. */
async function framesOf(file: string, { cache, ffmpeg, selection }: Extraction): Promise<Frames> {
  try {
    const { size: bytes, mtimeMs } = await stat(file);
    const folder = digest(JSON.stringify([1, file, bytes, mtimeMs, selection])).slice(0, 32);
    const names = async (): Promise<string[]> => (await readdir(join(cache, folder))).sort();
    const kept = await names().catch(() => undefined);
    if (kept) return { folder, names: kept, bytes };
    await extract(file, join(cache, folder), { cache, ffmpeg, selection });
    return { folder, names: await names(), bytes };
  } catch (error) {
    if (SSLError.isInstance(error) && error.name === 'DataError') return { reason: reasonOf(error) };
    throw error;
  }
}

/** Writes aside and renames, so that a folder in the cache is always whole, whoever else writes it. */
async function extract(file: string, target: string, { cache, ffmpeg, selection }: Extraction): Promise<void> {
  const aside = await mkdtemp(join(cache, `.${basename(target)}-`));
  try {
    const counted = selection.count === undefined ? 0 : await countVideoFrames(ffmpeg, file);
    const chosen = chosenFrames(counted, selection);
    await extractFrames(ffmpeg, file, selection, chosen, join(aside, 'frame-%d.jpg'));
    const written = (await readdir(aside)).length;
    if (written === 0)
      throw new DataError(`${WHO}: a video must have frames; got none in ${file}`, { cause: new Error('no frames') });
    for (let k = 0; k < written; k++) {
      const number = selection.every === undefined ? chosen[k]! : k * selection.every;
      await rename(join(aside, `frame-${k + 1}.jpg`), join(aside, `${String(number).padStart(8, '0')}.jpg`));
    }
    await rename(aside, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // else another process was as fast
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function nothingIn(dir: string, skipped: string): DataError {
  return new DataError(
    `${WHO}: "${dir}" must hold at least one readable video (mp4, mov, mkv, webm, avi …); got ${skipped || 'none'}; check the path`,
  );
}

function checkOptions(options: VideoFramesOptions): void {
  checkKeys(WHO, options, ['channels', 'depth', 'range', 'labels', 'every', 'count', 'cache', 'ffmpeg', 'onProgress']);
  const { channels, depth, range, labels, every, count } = options;
  checkDecodeOptions(WHO, {
    ...(channels !== undefined && { channels }),
    ...(depth !== undefined && { depth }),
    ...(range && { range }),
  });
  checkSelection(WHO, options);
  if (every === undefined && count === undefined) {
    throw new ConfigError(
      `${WHO}: every or count must be given, since neighboring frames are almost equal; got neither`,
    );
  }
  if (labels !== undefined && !['auto', 'folders', 'none'].includes(labels)) {
    throw new ConfigError(`${WHO}: labels must be one of auto, folders, none; got ${String(labels)}`);
  }
}
