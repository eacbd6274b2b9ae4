/** Puts a public data set into the user's cache on first use. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '@ssl/core/data';
import { cacheFolder, download, removeDownload, sourceOf, wholeFolder } from '@ssl/core/io';
import type { RemoteFile, RemoteSet } from './catalog.ts';
import { type Bars, progressBars } from './progress.ts';
import { untar } from './untar.ts';

export interface OpenOptions {
  /** A folder that holds the set's files already, as its archive unpacks: nothing is downloaded. */
  readonly dir?: string;
  /** Where data sets are kept. Default: `ssl/datasets` in the user's cache (`XDG_CACHE_HOME`, or `~/.cache`). */
  readonly root?: string;
  /** Instead of the pinned files: another version of them, with its own checksums. */
  readonly files?: readonly RemoteFile[];
  /** Say nothing and draw no progress bar while downloading. */
  readonly quiet?: boolean;
  readonly signal?: AbortSignal;
}

export interface Layout {
  /** The folder inside the unpacked archive that holds the files; left out where they lie at its top. */
  readonly folder?: string;
  /** Makes out of the downloaded `archives` what is kept `into` a folder. The archives are deleted afterwards. */
  fill(archives: readonly string[], into: string, work: Work): Promise<void>;
}

export interface Work {
  readonly bars: Bars;
  readonly signal: AbortSignal | undefined;
}

/**
 * The folder with a set's files, after downloading and unpacking them where they are not there yet.
 * May be interrupted at any moment and run several times at once.
 * @throws DataError when the files cannot be had, are not the right ones, or do not fit on the disk.
 */
export async function obtain(set: RemoteSet, options: OpenOptions, layout: Layout): Promise<string> {
  const { dir, root = cacheFolder('datasets'), signal } = options;
  const inside = (directory: string): string => join(directory, layout.folder ?? '');
  if (dir !== undefined) return given(set, dir, inside(dir));
  const directory = join(root, set.folder ?? set.name);
  const bars = progressBars(set.name, options.quiet ?? false);
  const files = options.files ?? set.files;
  const downloads = join(root, 'downloads', set.name);
  const fill = async (into: string): Promise<void> => {
    announce(set, files, directory, bars);
    const archives: string[] = [];
    for (const file of files) archives.push(await fetchOne(set, file, downloads, { bars, signal }));
    await layout.fill(archives, into, { bars, signal });
    for (const archive of archives) await removeDownload(archive);
  };
  try {
    await wholeFolder(directory, fill, { signal, onWait: () => bars.say('another process is fetching it; waiting') });
  } finally {
    bars.finish();
  }
  return inside(directory);
}

/** For sets that are one `.tar.gz` or several. */
export async function unpackArchives(archives: readonly string[], into: string, work: Work): Promise<void> {
  for (const archive of archives)
    await untar(archive, into, { signal: work.signal, onBytes: work.bars.unpacking(archive) });
}

function given(set: RemoteSet, dir: string, inside: string): string {
  // Either the folder that the archive makes, or the one it was unpacked in.
  if (existsSync(inside)) return inside;
  if (existsSync(dir)) return dir;
  throw new DataError(
    `${set.name}: dir must be a folder with its files; got '${dir}', which is not there; check the path`,
  );
}

function announce(set: RemoteSet, files: readonly RemoteFile[], directory: string, bars: Bars): void {
  const total = files.reduce((sum, file) => sum + (file.bytes ?? file.about ?? 0), 0);
  const size = total > 0 ? `${(total / 1e6).toFixed(0)} MB` : 'files';
  const from = files.length === 1 ? sourceUrl(set, files[0]!) : sourceUrl(set, files[0]!).replace(/\/[^/]*$/, '/');
  bars.say(`downloading ${size} from ${from} to ${directory}`);
  bars.say(`terms: ${set.terms}; see ${set.page}`);
}

async function fetchOne(set: RemoteSet, file: RemoteFile, downloads: string, { bars, signal }: Work): Promise<string> {
  const to = join(downloads, file.file);
  const { url, sha256, md5, bytes } = file;
  await download({ url, to, sha256, md5, bytes, signal, mirrorPath: mirrorPath(set, file), onProgress: bars.download });
  return to;
}

const mirrorPath = (set: RemoteSet, { file }: RemoteFile): string => `${set.name}/${file}`;
const sourceUrl = (set: RemoteSet, file: RemoteFile): string =>
  sourceOf({ url: file.url, mirrorPath: mirrorPath(set, file) });
