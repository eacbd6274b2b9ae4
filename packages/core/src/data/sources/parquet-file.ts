/** One Parquet file: which columns hold pictures and labels, and the pictures of a row group. */
import { type FileHandle, open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaTree } from 'hyparquet';
import { DataError } from '../../errors.ts';
import type { ArchiveFile } from './archive-files.ts';
import { type LabelColumn, labelCollector } from './sample-labels.ts';
import { readAll } from './tar-members.ts';

export interface ColumnChoice {
  /** Column of the pictures; left out: the one that the metadata calls an image, else `image` or `img`. */
  readonly image?: string;
  /** Column of the labels; left out: the first that the metadata calls a class, else `label`; `false` for none. */
  readonly label?: string | false;
}

/** What opening a file finds out. */
export interface ParquetIndex extends LabelColumn {
  /** Rows of each row group. */
  readonly groups: readonly number[];
  readonly image: string;
  /** What the pictures take in memory. */
  readonly imageBytes: number;
  /** Names of the classes, where the metadata has them. */
  readonly classes?: readonly string[];
}

export interface OpenParquet {
  readonly metadata: FileMetaData;
  readonly buffer: AsyncBuffer;
  readonly handle: FileHandle;
}

/** Opens a file and reads what stands at its end. @throws Error with a short reason when that is damaged. */
export async function openParquet(file: ArchiveFile): Promise<OpenParquet> {
  const { parquetMetadataAsync } = await import('hyparquet');
  const handle = await open(file.path);
  try {
    const buffer: AsyncBuffer = {
      byteLength: file.bytes,
      slice: async (start, end = file.bytes) => {
        const bytes = Buffer.from(new ArrayBuffer(Math.max(0, end - start)));
        if ((await readAll(handle, bytes, start)).length < bytes.length) throw new Error('the file is cut off');
        return bytes.buffer;
      },
    };
    return { metadata: await parquetMetadataAsync(buffer), buffer, handle };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @throws DataError when the columns are not there or hold something else. */
export async function indexParquet(
  who: string,
  { name }: ArchiveFile,
  { metadata, buffer }: OpenParquet,
  choice: ColumnChoice,
): Promise<ParquetIndex> {
  const { parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const columns = parquetSchema(metadata).children;
  const features = hubFeatures(metadata);
  const image = imageColumn(who, name, columns, features, choice.image);
  const label = labelColumn(who, name, columns, features, choice.label);
  const labels = labelCollector(who, name);
  if (label === undefined) for (let row = 0; row < Number(metadata.num_rows); row++) labels.add(undefined);
  else {
    const rows = await parquetReadObjects({ file: buffer, metadata, columns: [label], compressors });
    for (const row of rows) labels.add(row[label] === null ? undefined : String(row[label]));
  }
  const chunks = metadata.row_groups.flatMap(group =>
    group.columns.filter(chunk => chunk.meta_data?.path_in_schema[0] === image),
  );
  const classes = label === undefined ? undefined : classNames(features[label]);
  return {
    groups: metadata.row_groups.map(group => Number(group.num_rows)),
    image,
    imageBytes: chunks.reduce((sum, chunk) => sum + Number(chunk.meta_data!.total_uncompressed_size), 0),
    ...(classes && { classes }),
    ...labels.finish(),
  };
}

/** `[rows of the group]`: the bytes of each picture, views of the group's pages; nothing where a row has none. */
export async function readGroup(
  { metadata, buffer }: OpenParquet,
  { image, groups }: Pick<ParquetIndex, 'image' | 'groups'>,
  group: number,
): Promise<readonly (Uint8Array | undefined)[]> {
  const { parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const rowStart = groups.slice(0, group).reduce((sum, rows) => sum + rows, 0);
  const rowEnd = rowStart + groups[group]!;
  const rows = await parquetReadObjects({
    file: buffer,
    metadata,
    columns: [image],
    rowStart,
    rowEnd,
    compressors,
    utf8: false,
  });
  return rows.map(row => {
    const value = row[image] as Uint8Array | { bytes?: Uint8Array | null } | null;
    const bytes = value instanceof Uint8Array ? value : value?.bytes;
    return bytes ?? undefined;
  });
}

/** A column as the metadata of public hubs describes it (`datasets`' features). */
interface Feature {
  readonly _type?: unknown;
  readonly names?: unknown;
}

function hubFeatures({ key_value_metadata: entries = [] }: FileMetaData): Readonly<Record<string, Feature>> {
  try {
    const text = entries.find(({ key }) => key === 'huggingface')?.value ?? '{}';
    const { info } = JSON.parse(text) as { info?: { features?: Record<string, Feature> } };
    return info?.features ?? {};
  } catch {
    return {};
  }
}

function classNames(feature: Feature | undefined): readonly string[] | undefined {
  const names = feature?.names;
  return Array.isArray(names) && names.every(name => typeof name === 'string') ? names : undefined;
}

type Features = Readonly<Record<string, Feature>>;

function imageColumn(
  who: string,
  file: string,
  columns: readonly SchemaTree[],
  features: Features,
  given?: string,
): string {
  const marked = columns.find(({ element }) => features[element.name]?._type === 'Image');
  const usual = columns.filter(({ element }) => element.name === 'image' || element.name === 'img');
  const name = given ?? (marked ?? usual[0])?.element.name;
  const column = columns.find(({ element }) => element.name === name);
  if (column && holdsBytes(column)) return column.element.name;
  throw new DataError(
    `${who}: there must be a column of encoded pictures (binary, or a struct with binary 'bytes'); ` +
      `got ${listed(columns)} in ${file}; name it with image`,
  );
}

function labelColumn(
  who: string,
  file: string,
  columns: readonly SchemaTree[],
  features: Features,
  given: ColumnChoice['label'],
): string | undefined {
  if (given === false) return undefined;
  const marked = columns.find(({ element }) => features[element.name]?._type === 'ClassLabel');
  const usual = columns.find(({ element }) => element.name === 'label');
  const column = given === undefined ? (marked ?? usual) : columns.find(({ element }) => element.name === given);
  const holdsLabels =
    column && column.children.length === 0 && /^(INT32|INT64|BYTE_ARRAY)$/.test(column.element.type ?? '');
  if (holdsLabels) return column.element.name;
  if (given === undefined) return undefined;
  throw new DataError(
    `${who}: label must be a column of numbers or texts; got '${given}' of ${listed(columns)} in ${file}; name another, or set label to false`,
  );
}

function holdsBytes(column: SchemaTree): boolean {
  const bytes = column.children.find(({ element }) => element.name === 'bytes');
  const { element } = bytes ?? column;
  return element.type === 'BYTE_ARRAY' && element.converted_type !== 'UTF8' && element.logical_type?.type !== 'STRING';
}

function listed(columns: readonly SchemaTree[]): string {
  return columns.map(({ element }) => element.name).join(', ') || 'no column';
}
