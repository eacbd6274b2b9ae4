import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError, DataError } from '../../errors.ts';
import { type Dataset, digest, type SkippedImage } from '../dataset.ts';
import { checkDecodeOptions, type SourceDecoding } from '../decode.ts';
import { describeSkipped } from '../load-pixels.ts';
import { forEachLimited } from '../parallel.ts';
import { checkKeys } from '../views/check.ts';
import { type ArchiveFile, archiveFiles } from './archive-files.ts';
import { archivePictures } from './archive-pictures.ts';
import { type IndexPlace, indexFolder } from './kept-index.ts';
import { joinLabels, type LabelColumn } from './sample-labels.ts';
import type { SampleParts } from './tar-index.ts';
import { readIndex, tarPictures, unreadablePicture } from './tar-pictures.ts';

/** How the pictures are decoded (`channels`, `depth`, `range`: see `decodeImage`), and which members they and their labels are. */
export interface WebDatasetOptions extends SourceDecoding {
  /**
   * Extension of the picture, all that follows the first dot of the name; of several, the first that a sample has. Default: the first
   * member that is a picture by its extension.
   */
  readonly image?: string | readonly string[];
  /** Extension of the label. Default: `cls`, else `labelKey` in `json`; `false` for none. */
  readonly label?: string | false;
  /** Key of the label in a JSON member. Default `label`. */
  readonly labelKey?: string;
  /** Names of the classes, in the order of their numbers. Default: those that `writeShards` left beside the shards, if it made them. */
  readonly classes?: readonly string[];
  /** Folder of the indexes. Default: `index` in the user's cache folder. */
  readonly indexFolder?: string;
  /** Called after each shard. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

// biome-ignore format: a list
const OPTIONS = ['channels', 'depth', 'range', 'image', 'label', 'labelKey', 'classes', 'indexFolder', 'onProgress', 'signal'];
/** Shards whose headers are read at once. */
const SHARDS_AT_ONCE = 8;
/**
 * An archive can be read from any place, so that a long shard counts as several runs of at most this many pictures. An epoch then mixes
 * parts of more shards, and a run is still tens of megabytes that lie together.
 */
export const RUN_LENGTH = 1000;
/** Beside the shards that `writeShards` made: what they were made from. */
export const MANIFEST = 'shards.json';

/**
 * Samples in WebDataset's shards: plain `.tar` archives in which neighbors with the same name up to the first dot are a sample
 * (`00042.jpg`, `00042.cls`). Opening reads headers only, and keeps what it found in a cache folder, so that the next time is instant;
 * a picture is then one read from its archive, in any order. Memory holds the labels, and the indexes of the shards under way.
 * Samples without a picture, cut off or in a damaged part are left out and named in `skipped`.
 * The fingerprint covers names and sizes of archives and members, labels and options, not the bytes of the pictures.
 * @param source shards by name (`train-{0000..0099}.tar`), a glob, a folder (its `.tar` files), or a list of these.
 * @throws DataError when a shard is missing, unreadable or compressed, a label is not among the classes, or there is no picture at all.
 * @throws ConfigError when an option is unknown or out of range.
 */
export async function webDataset(
  source: string | readonly string[],
  options: WebDatasetOptions = {},
): Promise<Dataset> {
  checkOptions(options);
  const { channels = 3, depth, range } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const parts = partsOf(options);
  const place = { folder: options.indexFolder ?? indexFolder(), of: `tar ${JSON.stringify(parts)}` };
  const files = await archiveFiles('webDataset', source, 'tar');
  const found = await look(files, place, parts, options);
  const name = typeof source === 'string' ? source : `${source[0]}${source.length > 1 ? ', …' : ''}`;
  const size = found.counts.reduce((sum, count) => sum + count, 0);
  if (size === 0) throw nothingIn(name, found.skipped);
  const labelled = joinLabels('webDataset', found.columns, options.classes ?? (await writtenClasses(files)));
  const pictures = tarPictures(files, found.counts, place, parts);
  return {
    name,
    size,
    channels,
    ...(depth && { depth }),
    fingerprint: digest(
      `webDataset ${JSON.stringify(decode)}\n${found.digests.join('\n')}\n`,
      labelled?.classes.join('\n'),
      labelled?.labels,
    ),
    ...labelled,
    skipped: found.skipped,
    shards: found.counts.flatMap(runs),
    ...archivePictures({ name, size, decode, pictures, unreadable: unreadablePicture }),
  };
}

interface Found {
  /** Pictures of each shard. */
  readonly counts: number[];
  readonly digests: string[];
  readonly columns: LabelColumn[];
  readonly skipped: SkippedImage[];
}

async function look(
  files: readonly ArchiveFile[],
  place: IndexPlace,
  parts: SampleParts,
  { onProgress, signal }: WebDatasetOptions,
): Promise<Found> {
  const found: Found = { counts: [], digests: [], columns: [], skipped: [] };
  const skipped: (readonly SkippedImage[])[] = [];
  let done = 0;
  await forEachLimited(files.length, SHARDS_AT_ONCE, async i => {
    signal?.throwIfAborted();
    const file = files[i]!;
    const index = await readIndex(file, place, parts);
    found.counts[i] = index.sizes.length;
    found.digests[i] = `${file.bytes} ${file.name} ${index.digest} ${index.sizes.length}`;
    found.columns[i] = { labels: index.labels, values: index.values };
    skipped[i] = index.skipped;
    onProgress?.(++done, files.length);
  });
  for (const some of skipped) found.skipped.push(...some);
  return found;
}

function partsOf({ image, label, labelKey = 'label' }: WebDatasetOptions): SampleParts {
  const extension = (given: string): string => given.replace(/^\./, '').toLowerCase();
  return {
    ...(image !== undefined && { image: [image].flat().map(extension) }),
    ...(label !== undefined && { label: label === false ? label : extension(label) }),
    labelKey,
  };
}

/** A shard as runs of at most {@link RUN_LENGTH}, none for an empty one. */
function runs(count: number): number[] {
  const parts = Math.ceil(count / RUN_LENGTH);
  const edge = (part: number): number => Math.floor((part * count) / parts);
  return Array.from({ length: parts }, (_, part) => edge(part + 1) - edge(part));
}

/** The names of the classes that the writer of the shards left beside them. */
async function writtenClasses(files: readonly ArchiveFile[]): Promise<readonly string[] | undefined> {
  const folders = new Set(files.map(file => dirname(file.path)));
  if (folders.size !== 1) return undefined;
  try {
    const { classes } = JSON.parse(await readFile(join([...folders][0]!, MANIFEST), 'utf8')) as { classes?: unknown };
    return Array.isArray(classes) && classes.every(name => typeof name === 'string') ? classes : undefined;
  } catch {
    return undefined; // not ours, or none
  }
}

function nothingIn(name: string, skipped: readonly SkippedImage[]): DataError {
  const got = skipped.length === 0 ? 'none' : describeSkipped(skipped, skipped.length);
  return new DataError(
    `webDataset: the shards must hold at least one picture; got ${got} in ${name}; members of a sample must be neighbors, and its picture named by image or have an extension like jpg`,
  );
}

function checkOptions(options: WebDatasetOptions): void {
  checkKeys('webDataset', options, OPTIONS);
  const { image, label, labelKey } = options;
  checkDecodeOptions('webDataset', options);
  const words = (value: unknown): boolean => typeof value === 'string' && value !== '';
  if (image !== undefined && !([image].flat().length > 0 && [image].flat().every(words))) {
    throw new ConfigError(`webDataset: image must be an extension or a list of them; got ${JSON.stringify(image)}`);
  }
  if (label !== undefined && label !== false && !words(label)) {
    throw new ConfigError(`webDataset: label must be an extension, or false for none; got ${JSON.stringify(label)}`);
  }
  if (labelKey !== undefined && !words(labelKey)) {
    throw new ConfigError(`webDataset: labelKey must be a key of the JSON members; got ${JSON.stringify(labelKey)}`);
  }
}
