/** The part of a download that is on the disk, and what the server said about the whole, so that a later process can go on. */
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** What the first response told. */
export interface RemoteFile {
  /** `ETag` or `Last-Modified`, for `If-Range`; left out where the server sends none that is strong enough. */
  readonly validator?: string;
  /** Bytes; left out where the server does not tell. */
  readonly total?: number;
}

export interface PartialFile {
  readonly path: string;
  /** Bytes that are there. */
  size(): Promise<number>;
  /** What is known of the whole from earlier responses. */
  remote(): Promise<RemoteFile>;
  remember(remote: RemoteFile): Promise<void>;
  /** For writing at any position; made when it is not there. */
  open(): Promise<FileHandle>;
  /** Throws away what is there. */
  discard(): Promise<void>;
  /** Flushes it to the disk and gives it its name. */
  finish(): Promise<void>;
}

/** The partial file of `target`: `<target>.partial`, and beside it `<target>.partial.json`. */
export function partialFile(target: string): PartialFile {
  const path = `${target}.partial`;
  const notes = `${path}.json`;
  return {
    path,
    size: async () => (await stat(path).catch(() => undefined))?.size ?? 0,
    remote: async () => {
      try {
        return JSON.parse(await readFile(notes, 'utf8')) as RemoteFile;
      } catch {
        return {}; // none, or cut off by a kill: the checksum decides
      }
    },
    remember: remote => writeFile(notes, JSON.stringify(remote)),
    // 'r+' fails where there is none, and 'a' would ignore positions.
    open: () => open(path, 'r+').catch(() => open(path, 'w+')),
    discard: async () => {
      await rm(path, { force: true });
      await rm(notes, { force: true });
    },
    finish: async () => {
      const handle = await open(path, 'r+');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(path, target);
      await rm(notes, { force: true });
    },
  };
}
