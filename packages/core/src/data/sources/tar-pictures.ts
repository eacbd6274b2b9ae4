/** Reads pictures out of indexed shards. Only what was used lately is kept: indexes by their bytes, open files by their number. */
import { type FileHandle, open } from 'node:fs/promises';
import { DataError } from '../../errors.ts';
import { fileFault } from '../file-fault.ts';
import { shardOf } from '../sampler.ts';
import type { ArchiveFile } from './archive-files.ts';
import { type IndexPlace, keptIndex, keptIndexNow } from './kept-index.ts';
import { recent } from './recent.ts';
import { indexShard, type SampleParts, type ShardIndex } from './tar-index.ts';
import { readAll } from './tar-members.ts';

export interface TarPictures {
  /** The bytes of a picture, in memory of their own. @throws DataError; its `cause` has the short reason. */
  read(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** `shard.tar/member`. */
  describe(index: number): string;
  close(): Promise<void>;
}

/** Archives kept open. Systems allow a process 256 files or more. */
const OPEN_FILES = 64;
/** Memory for the indexes of shards that are under way, bytes: some 40 for each picture. */
const INDEX_BYTES = 64 * 2 ** 20;

export type IndexReader = (file: ArchiveFile) => Promise<ShardIndex>;

/** @param counts pictures of each file @param place where the indexes are kept */
export function tarPictures(
  files: readonly ArchiveFile[],
  counts: readonly number[],
  place: IndexPlace,
  parts: SampleParts,
): TarPictures {
  const ends = Float64Array.from(counts);
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  const find = (index: number): { shard: number; row: number } => {
    const shard = shardOf(ends, index);
    return { shard, row: index - (ends[shard]! - counts[shard]!) };
  };
  const indexes = recent<number, ShardIndex>({
    limit: INDEX_BYTES,
    make: shard => readIndex(files[shard]!, place, parts),
    weigh: ({ offsets, sizes, labels, names }) =>
      offsets.byteLength + sizes.byteLength + labels.byteLength + names.byteLength,
  });
  const handles = recent<number, FileHandle>({
    limit: OPEN_FILES,
    make: shard => open(files[shard]!.path),
    drop: handle => handle.close(),
  });
  let named: { readonly shard: number; readonly names: readonly string[] } | undefined;
  const describe = (index: number): string => {
    const { shard, row } = find(index);
    if (named?.shard !== shard) {
      const kept = keptIndexNow<ShardIndex>(place, files[shard]!);
      named = { shard, names: kept ? Buffer.from(kept.names).toString('utf8').split('\0') : [] };
    }
    return `${files[shard]!.name}/${named.names[row] ?? `sample ${row}`}`;
  };
  return {
    describe,
    async read(index) {
      const { shard, row } = find(index);
      try {
        const at = await indexes.use(shard, ({ offsets, sizes }) => ({ offset: offsets[row]!, size: sizes[row]! }));
        const bytes = new Uint8Array(at.size);
        const got = await handles.use(shard, handle => readAll(handle, Buffer.from(bytes.buffer), at.offset));
        if (got.length < at.size) throw new Error('the archive ends inside it');
        return bytes;
      } catch (error) {
        throw unreadablePicture(describe(index), error);
      }
    },
    async close() {
      await Promise.all([indexes.clear(), handles.clear()]);
    },
  };
}

/** The index of a shard, kept or made now. @throws DataError when the shard cannot be read. */
export async function readIndex(file: ArchiveFile, place: IndexPlace, parts: SampleParts): Promise<ShardIndex> {
  try {
    return await keptIndex(place, file, () => indexShard('webDataset', file, parts));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `webDataset: every shard must be readable; got ${file.path}: ${fileFault(error)}; mend it, or leave it out of the names`,
      { cause: error },
    );
  }
}

export function unreadablePicture(what: string, error: unknown): DataError {
  const reason = fileFault(error);
  return new DataError(
    `webDataset: every picture must be readable; got ${what}: ${reason}; replace it or write the shard anew`,
    {
      cause: new Error(reason, { cause: error }),
    },
  );
}
