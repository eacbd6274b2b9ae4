/** The pictures of one WebDataset shard, found from the headers of its members. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { DataError } from '../../errors.ts';
import type { SkippedImage } from '../dataset.ts';
import { READABLE } from '../folder-scan.ts';
import type { ArchiveFile } from './archive-files.ts';
import { type LabelColumn, labelCollector } from './sample-labels.ts';
import { type TarMember, type TarReader, tarReader } from './tar-members.ts';

export interface ShardIndex extends LabelColumn {
  /** `[n]`, where the bytes of each picture begin. */
  readonly offsets: Float64Array;
  /** `[n]`, bytes. */
  readonly sizes: Uint32Array;
  /** Names of the pictures' members, each ended by a NUL. */
  readonly names: Uint8Array;
  readonly skipped: readonly SkippedImage[];
  /** Over names and sizes of all members. */
  readonly digest: string;
}

/** Which members of a sample are the picture and the label. */
export interface SampleParts {
  /** Extensions, the first that a sample has. Left out: its first member that is a picture by its extension. */
  readonly image?: readonly string[];
  /** Extension; left out: `cls`, else the label in `json`; `false` for none. */
  readonly label?: string | false;
  /** Key of the label in a JSON member. */
  readonly labelKey: string;
}

const MAX_PICTURE_BYTES = 2 ** 31 - 1;
/** Larger members than this are no labels. */
const MAX_LABEL_BYTES = 2 ** 20;
/** Beginnings of files that `tar` reads after unpacking them. */
const COMPRESSED: Readonly<Record<string, string>> = {
  '1f8b': 'gzip',
  '28b52ffd': 'zstd',
  fd377a585a: 'xz',
  '425a68': 'bzip2',
};

/**
 * Reads the headers of a shard. Where it is cut off or damaged the samples before that stay, and the place is named in `skipped`.
 * @throws DataError when it is compressed or cannot be read at all.
 */
export async function indexShard(who: string, file: ArchiveFile, parts: SampleParts): Promise<ShardIndex> {
  const handle = await open(file.path);
  try {
    const reader = tarReader(handle, file.bytes);
    await refuseCompressed(who, file, reader);
    const found = sampleCollector(who, file.name, parts);
    try {
      for await (const member of reader.members()) await found.add(member, reader);
      found.finish();
    } catch (error) {
      if (error instanceof DataError || (error as NodeJS.ErrnoException).code) throw error;
      found.finish((error as Error).message);
    }
    return found.index();
  } finally {
    await handle.close();
  }
}

async function refuseCompressed(who: string, { name, bytes }: ArchiveFile, reader: TarReader): Promise<void> {
  const head = (await reader.bytes(0, Math.min(8, bytes))).toString('hex');
  const kind = Object.keys(COMPRESSED).find(magic => head.startsWith(magic));
  if (kind === undefined) return;
  throw new DataError(
    `${who}: a shard must be a plain .tar, so that pictures can be read in any order; got ${name}, compressed with ${COMPRESSED[kind]}; unpack it to a .tar first`,
  );
}

/** The key and the extensions of a member: up to the first dot of its last part, and what follows. WebDataset's `base_plus_ext`. */
export function splitName(name: string): { key: string; extension: string } | undefined {
  const found = /^((?:.*\/|)[^./]+)\.([^/]*)$/s.exec(name);
  return found ? { key: found[1]!, extension: found[2]!.toLowerCase() } : undefined;
}

interface Sample {
  readonly key: string;
  readonly extensions: string[];
  picture?: TarMember & { readonly rank: number };
  label?: { readonly text: string; readonly rank: number };
}

interface SampleCollector {
  add(member: TarMember, reader: TarReader): Promise<void>;
  /** @param fault why there is no more */
  finish(fault?: string): void;
  index(): ShardIndex;
}

/** Neighbors with the same key are a sample, as WebDataset's `group_by_keys` has it. */
function sampleCollector(who: string, shard: string, parts: SampleParts): SampleCollector {
  const offsets: number[] = [];
  const sizes: number[] = [];
  const names: string[] = [];
  const skipped: SkippedImage[] = [];
  const labels = labelCollector(who, shard);
  const hash = createHash('sha256');
  let sample: Sample | undefined;
  const skip = (name: string, reason: string): void => {
    skipped.push({ path: name === '' ? shard : `${shard}/${name}`, reason });
  };
  const end = (): void => {
    if (!sample) return;
    const { picture, key, extensions } = sample;
    if (!picture) skip(key, `no picture among its members (${extensions.join(', ')})`);
    else if (picture.cut) skip(picture.name, 'the archive ends inside it');
    else if (picture.size === 0) skip(picture.name, 'empty file (0 bytes)');
    else if (picture.size > MAX_PICTURE_BYTES) skip(picture.name, 'larger than 2 GiB');
    else {
      offsets.push(picture.offset);
      sizes.push(picture.size);
      names.push(picture.name);
      labels.add(sample.label?.text);
    }
    sample = undefined;
  };
  return {
    async add(member, reader) {
      hash.update(`${member.size} ${member.name}\0`);
      const split = splitName(member.name);
      if (!split || /^__[^/]*__($|\/)/.test(member.name)) return; // hidden, without extension, or WebDataset's own
      if (sample?.key !== split.key) end();
      sample ??= { key: split.key, extensions: [] };
      const known = sample.extensions.includes(split.extension);
      if (known) skip(member.name, 'the sample has a member of this name already');
      else await addMember(sample, split.extension, member, { parts, reader });
    },
    finish(fault) {
      end();
      if (fault !== undefined) skip('', `${fault}; what follows is left out`);
      else if (names.length === 0 && skipped.length === 0) skip('', 'no picture in it');
    },
    index: () => ({
      offsets: Float64Array.from(offsets),
      sizes: Uint32Array.from(sizes),
      names: Buffer.from(names.map(name => `${name}\0`).join('')),
      skipped,
      digest: hash.digest('hex'),
      ...labels.finish(),
    }),
  };
}

async function addMember(
  sample: Sample,
  extension: string,
  member: TarMember,
  { parts, reader }: { readonly parts: SampleParts; readonly reader: TarReader },
): Promise<void> {
  sample.extensions.push(extension);
  const rank = pictureRank(extension, parts.image);
  if (rank < (sample.picture?.rank ?? Number.POSITIVE_INFINITY)) sample.picture = { ...member, rank };
  const labelRank = rankOfLabel(extension, parts.label);
  const better = labelRank < (sample.label?.rank ?? Number.POSITIVE_INFINITY);
  if (!better || member.cut || member.size > MAX_LABEL_BYTES) return;
  const bytes = await reader.bytes(member.offset, member.size);
  const text = labelText(bytes.toString('utf8'), extension, parts.labelKey);
  if (text !== undefined) sample.label = { text, rank: labelRank };
}

/** Lower is better; infinite for what is no picture. */
function pictureRank(extension: string, image: SampleParts['image']): number {
  const place = image
    ? image.indexOf(extension)
    : READABLE.has(extension.slice(extension.lastIndexOf('.') + 1))
      ? 0
      : -1;
  return place < 0 ? Number.POSITIVE_INFINITY : place;
}

function rankOfLabel(extension: string, label: SampleParts['label']): number {
  if (label === false) return Number.POSITIVE_INFINITY;
  const place = (label === undefined ? ['cls', 'json'] : [label]).indexOf(extension);
  return place < 0 ? Number.POSITIVE_INFINITY : place;
}

function labelText(text: string, extension: string, key: string): string | undefined {
  if (!/(^|\.)json$/.test(extension)) return text.trim();
  try {
    const value = (JSON.parse(text) as Record<string, unknown> | null)?.[key];
    return typeof value === 'string' || Number.isInteger(value) ? String(value) : undefined;
  } catch {
    return undefined;
  }
}
