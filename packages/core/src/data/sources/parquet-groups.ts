/** Reads pictures out of row groups, each decoded as a whole and kept while there is room. */
import { DataError } from '../../errors.ts';
import { fileFault } from '../file-fault.ts';
import { shardOf } from '../sampler.ts';
import type { ArchiveFile } from './archive-files.ts';
import { openParquet, type ParquetIndex, readGroup } from './parquet-file.ts';
import { recent } from './recent.ts';

/** Files kept open, with what stands at their end. */
const OPEN_FILES = 32;

export interface Group {
  readonly file: number;
  /** Its place in the file. */
  readonly group: number;
  readonly rows: number;
}

export interface GroupReader {
  /** The bytes of a picture, in memory of their own. @throws DataError; its `cause` has the short reason. */
  read(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** `file.parquet, row 12`. */
  describe(index: number): string;
  close(): Promise<void>;
}

/** @param groups in the order of the rows @param cacheBytes memory for those used last */
export function groupReader(
  files: readonly ArchiveFile[],
  indexes: readonly ParquetIndex[],
  groups: readonly Group[],
  cacheBytes: number,
): GroupReader {
  const ends = Float64Array.from(groups, ({ rows }) => rows);
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!;
  const opened = recent({
    limit: OPEN_FILES,
    make: (file: number) => openParquet(files[file]!),
    drop: ({ handle }) => handle.close(),
  });
  const decoded = recent({
    limit: cacheBytes,
    make: (place: number) => {
      const { file, group } = groups[place]!;
      return opened.use(file, parquet => readGroup(parquet, indexes[file]!, group));
    },
    weigh: pictures => pictures.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 1),
  });
  const find = (index: number): { place: number; row: number } => {
    const place = shardOf(ends, index);
    return { place, row: index - (ends[place]! - groups[place]!.rows) };
  };
  const describe = (index: number): string => {
    const { place, row } = find(index);
    const { file, group } = groups[place]!;
    return `${files[file]!.name}, row ${row + indexes[file]!.groups.slice(0, group).reduce((sum, rows) => sum + rows, 0)}`;
  };
  return {
    describe,
    async read(index) {
      const { place, row } = find(index);
      try {
        // A copy: who gets it may send it to another thread, and the group stays.
        return await decoded.use(place, pictures => {
          const bytes = pictures[row];
          if (!bytes) throw new Error('the row has no picture');
          return new Uint8Array(bytes);
        });
      } catch (error) {
        throw unreadableRow(describe(index), error);
      }
    },
    async close() {
      await Promise.all([decoded.clear(), opened.clear()]);
    },
  };
}

export function unreadableRow(what: string, error: unknown): DataError {
  const reason = fileFault(error);
  return new DataError(
    `parquetImages: every picture must be readable; got ${what}: ${reason}; remove the row or write the file anew`,
    {
      cause: new Error(reason, { cause: error }),
    },
  );
}
