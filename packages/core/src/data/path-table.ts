/**
 * A list of paths for millions of files: names joined in one block of UTF-8, folders kept once. Some 8 bytes beside the name for each file,
 * where a string costs 40 and an object more.
 */
export interface PathTable {
  readonly size: number;
  /** `folder/name`, or the name alone where it lies in no folder. `index` must be in range. */
  at(index: number): string;
  /** The folder of a path, `''` for none. */
  folderOf(index: number): string;
  /** Runs of neighbors of one folder: `folders[k]` has the paths from `starts[k]` to `starts[k + 1]`. */
  readonly folders: readonly string[];
  readonly starts: Uint32Array;
  /** All that the table holds, for a digest. */
  readonly content: readonly (string | NodeJS.TypedArray)[];
}

export interface PathTableBuilder {
  /** @param folder with `/` between the parts, `''` for none. */
  add(folder: string, name: string): void;
  finish(): PathTable;
}

/** Collects paths in the order in which they are added. Neighbors of one folder should come together. */
export function pathTableBuilder(): PathTableBuilder {
  const folders: string[] = [];
  const known = new Map<string, string>(); // one string for a folder, however often it comes
  const starts: number[] = [];
  let names = Buffer.alloc(4096);
  let ends = new Float64Array(256); // 8 bytes: names may take more than 4 GiB
  let size = 0;
  let used = 0;
  return {
    add(folder, name) {
      if (folders.length === 0 || folders.at(-1) !== folder) {
        if (!known.has(folder)) known.set(folder, folder);
        folders.push(known.get(folder)!);
        starts.push(size);
      }
      const most = used + 3 * name.length; // UTF-8 takes at most 3 bytes for a code unit
      if (most > names.length) names = Buffer.concat([names.subarray(0, used)], Math.max(most, 2 * names.length));
      if (size === ends.length) {
        const grown = new Float64Array(2 * size);
        grown.set(ends);
        ends = grown;
      }
      used += names.write(name, used);
      ends[size++] = used;
    },
    finish: () => table(Buffer.from(names.subarray(0, used)), ends.slice(0, size), folders, Uint32Array.from(starts)),
  };
}

/** The paths that `keep` says to, in their order. */
export function filterPaths(paths: PathTable, keep: (index: number) => boolean): PathTable {
  const kept = pathTableBuilder();
  for (let i = 0; i < paths.size; i++) {
    if (!keep(i)) continue;
    const folder = paths.folderOf(i);
    kept.add(folder, paths.at(i).slice(folder === '' ? 0 : folder.length + 1));
  }
  return kept.finish();
}

function table(names: Buffer, wideEnds: Float64Array, folders: readonly string[], starts: Uint32Array): PathTable {
  const ends = names.length < 2 ** 32 ? Uint32Array.from(wideEnds) : wideEnds;
  const folderOf = (index: number): string => folders[runOf(starts, index)]!;
  return {
    size: ends.length,
    folders,
    starts,
    content: [names, ends, starts, folders.join('\n')],
    folderOf,
    at: index => {
      const name = names.toString('utf8', index === 0 ? 0 : ends[index - 1]!, ends[index]!);
      const folder = folderOf(index);
      return folder === '' ? name : `${folder}/${name}`;
    },
  };
}

/** The last run that starts at or before `index`. */
function runOf(starts: Uint32Array, index: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle]! <= index) low = middle;
    else high = middle;
  }
  return low;
}
