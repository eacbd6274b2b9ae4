import { ConfigError, DataError } from '../../errors.ts';
import { type Dataset, digest, type SkippedImage } from '../dataset.ts';
import { checkDecodeOptions, type DecodeOptions } from '../decode.ts';
import { fileFault } from '../file-fault.ts';
import { describeSkipped } from '../load-pixels.ts';
import { forEachLimited } from '../parallel.ts';
import { SHUFFLE_BUFFER } from '../sampler.ts';
import { checkKeys, checkWhole } from '../views/check.ts';
import { type ArchiveFile, archiveFiles } from './archive-files.ts';
import { archivePictures } from './archive-pictures.ts';
import { type IndexPlace, indexFolder, keptIndex } from './kept-index.ts';
import { type ColumnChoice, indexParquet, openParquet, type ParquetIndex } from './parquet-file.ts';
import { groupReader, unreadableRow } from './parquet-groups.ts';
import { joinLabels } from './sample-labels.ts';

/** How the pictures are decoded (`channels`, `depth`, `range`: see `decodeImage`), and which columns they and their labels are. */
export interface ParquetImagesOptions extends Omit<DecodeOptions, 'shorterSide'> {
  /** Column of the pictures. Default: the one that the metadata calls an image, else `image` or `img`. */
  readonly image?: string;
  /** Column of the labels. Default: the first that the metadata calls a class, else `label`; `false` for none. */
  readonly label?: string | false;
  /** Names of the classes, in the order of their numbers. Default: those of the metadata. */
  readonly classes?: readonly string[];
  /** Memory for row groups, bytes. Default 1 GiB. With less than two buffers of an epoch take, row groups are read several times. */
  readonly cacheBytes?: number;
  /** Folder of the indexes. Default: `index` in the user's cache folder. */
  readonly indexFolder?: string;
  /** Called after each file. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

// biome-ignore format: a list
const OPTIONS = ['channels', 'depth', 'range', 'image', 'label', 'classes', 'cacheBytes', 'indexFolder', 'onProgress', 'signal'];
const FILES_AT_ONCE = 4;
const CACHE_BYTES = 2 ** 30;
/** An epoch's buffer is held as a whole, and while reading goes on to the next, two are. */
const BUFFER_BYTES = CACHE_BYTES / 2;

/**
 * Pictures in a column of Parquet files, in the layout of public hubs: a struct of `bytes` and `path`, or the bytes alone. Opening reads
 * what stands at the end of the files and the labels, and keeps it in a cache folder, so that the next time is instant.
 * A picture cannot be read alone: its row group is, and the groups used last are kept. Epochs therefore go through the row groups with a
 * buffer that fits into memory; other orders read a whole group for each picture.
 * Damaged files are left out and named in `skipped`; a row without a picture shows when it is read.
 * The fingerprint covers names, sizes and row groups of the files, labels and options, not the bytes of the pictures.
 * @param source files by name (`train-{00000..00099}-of-00100.parquet`), a glob, a folder (its `.parquet` files), or a list of these.
 * @throws DataError when a file is missing, has no such column or other classes than the rest, or there is no picture at all.
 * @throws ConfigError when an option is unknown or out of range.
 */
export async function parquetImages(
  source: string | readonly string[],
  options: ParquetImagesOptions = {},
): Promise<Dataset> {
  checkOptions(options);
  const { channels = 3, depth, range, cacheBytes = CACHE_BYTES } = options;
  const decode = { channels, ...(depth && { depth }), ...(range && { range }) };
  const name = typeof source === 'string' ? source : `${source[0]}${source.length > 1 ? ', …' : ''}`;
  const { files, indexes, skipped } = await look(await archiveFiles('parquetImages', source, 'parquet'), options);
  const groups = indexes.flatMap(({ groups }, file) => groups.map((rows, group) => ({ file, group, rows })));
  const size = groups.reduce((sum, { rows }) => sum + rows, 0);
  if (size === 0) throw nothingIn(name, skipped);
  const labelled = joinLabels('parquetImages', indexes, options.classes ?? commonClasses(files, indexes));
  const pictures = groupReader(files, indexes, groups, cacheBytes);
  const shards = groups.map(({ rows }) => rows).filter(rows => rows > 0);
  return {
    name,
    size,
    channels,
    ...(depth && { depth }),
    fingerprint: digest(
      `parquetImages ${JSON.stringify(decode)}\n`,
      files.map(({ bytes, name }, i) => `${bytes} ${name} ${indexes[i]!.image} ${indexes[i]!.groups}\n`).join(''),
      labelled?.classes.join('\n'),
      labelled?.labels,
    ),
    ...labelled,
    skipped,
    shards,
    shuffleBuffer: bufferOf(shards, indexes, size),
    ...archivePictures({ name, size, decode, pictures, unreadable: unreadableRow }),
  };
}

interface Found {
  /** Those that could be read. */
  readonly files: ArchiveFile[];
  readonly indexes: ParquetIndex[];
  readonly skipped: SkippedImage[];
}

async function look(all: readonly ArchiveFile[], options: ParquetImagesOptions): Promise<Found> {
  const { image, label, onProgress, signal } = options;
  const choice: ColumnChoice = { ...(image !== undefined && { image }), ...(label !== undefined && { label }) };
  const place: IndexPlace = { folder: options.indexFolder ?? indexFolder(), of: `parquet ${JSON.stringify(choice)}` };
  const found: (ParquetIndex | string)[] = [];
  let done = 0;
  await forEachLimited(all.length, FILES_AT_ONCE, async i => {
    signal?.throwIfAborted();
    found[i] = await keptIndex(place, all[i]!, () => indexOf(all[i]!, choice)).catch((error: unknown) => {
      if (error instanceof DataError) throw error;
      if (error instanceof Error && 'code' in error) throw unreadableFile(all[i]!, error);
      return `${fileFault(error)}; its rows are left out`;
    });
    onProgress?.(++done, all.length);
  });
  return {
    files: all.filter((_, i) => typeof found[i] !== 'string'),
    indexes: found.filter(index => typeof index !== 'string'),
    skipped: all.flatMap(({ name }, i) => {
      const reason = found[i]!;
      return typeof reason === 'string' ? [{ path: name, reason }] : [];
    }),
  };
}

async function indexOf(file: ArchiveFile, choice: ColumnChoice): Promise<ParquetIndex> {
  const opened = await openParquet(file);
  try {
    return await indexParquet('parquetImages', file, opened, choice);
  } finally {
    await opened.handle.close();
  }
}

/** The classes that the metadata of the files name. @throws DataError when they differ. */
function commonClasses(files: readonly ArchiveFile[], indexes: readonly ParquetIndex[]): readonly string[] | undefined {
  const first = indexes[0]!.classes;
  const other = indexes.findIndex(({ classes }) => classes?.join('\n') !== first?.join('\n'));
  if (other < 0) return first;
  throw new DataError(
    `parquetImages: all files must have the same classes; got others in ${files[other]!.name} than in ${files[0]!.name}; open them one by one, or give classes`,
  );
}

/** Pictures of an epoch's buffer: a row group at least, and no more than can be held. */
function bufferOf(shards: readonly number[], indexes: readonly ParquetIndex[], size: number): number {
  const bytes = indexes.reduce((sum, { imageBytes }) => sum + imageBytes, 0);
  const largest = shards.reduce((most, rows) => Math.max(most, rows), 0);
  return Math.min(SHUFFLE_BUFFER, Math.max(largest, Math.floor((BUFFER_BYTES * size) / Math.max(bytes, 1))));
}

function unreadableFile({ path }: ArchiveFile, error: Error): DataError {
  return new DataError(
    `parquetImages: every file must be readable; got ${path}: ${fileFault(error)}; mend it, or leave it out of the names`,
    { cause: error },
  );
}

function nothingIn(name: string, skipped: readonly SkippedImage[]): DataError {
  const got = skipped.length === 0 ? 'none' : describeSkipped(skipped, skipped.length);
  return new DataError(`parquetImages: the files must hold at least one row; got ${got} in ${name}; check the path`);
}

function checkOptions(options: ParquetImagesOptions): void {
  checkKeys('parquetImages', options, OPTIONS);
  checkDecodeOptions('parquetImages', options);
  const { image, label, cacheBytes } = options;
  if (image !== undefined && (typeof image !== 'string' || image === '')) {
    throw new ConfigError(`parquetImages: image must be the name of a column; got ${JSON.stringify(image)}`);
  }
  if (label !== undefined && label !== false && (typeof label !== 'string' || label === '')) {
    throw new ConfigError(
      `parquetImages: label must be the name of a column, or false for none; got ${JSON.stringify(label)}`,
    );
  }
  if (cacheBytes !== undefined) checkWhole('parquetImages', 'cacheBytes', cacheBytes, [1, Number.MAX_SAFE_INTEGER]);
}
