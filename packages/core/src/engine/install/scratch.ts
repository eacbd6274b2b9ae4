/** Folders in which an engine is put together, beside the place it goes to, so that the last step is a rename. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ownerIsAlive } from '../../file-lock.ts';
import type { Owner } from '../../process-owner.ts';

export interface Scratch {
  readonly path: string;
  remove(): void;
}

const OWNER = 'owner.json';

/** Makes a folder for `owner`'s work on `directory`. */
export function makeScratch(directory: string, owner: Owner): Scratch {
  const path = `${directory}.part-${owner.pid}-${Math.random().toString(36).slice(2)}`;
  mkdirSync(path);
  writeFileSync(join(path, OWNER), JSON.stringify(owner));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Deletes what processes that are no longer alive left beside `directory`. */
export function removeAbandoned(directory: string): void {
  const parent = dirname(directory);
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(`${basename(directory)}.part-`)) continue;
    const path = join(parent, name);
    if (!ownerIsAlive(join(path, OWNER))) rmSync(path, { recursive: true, force: true });
  }
}

/** Renames `from` to `directory`; one that is there goes into `aside` first, for programs that still use its files. */
export function moveIntoPlace(from: string, directory: string, aside: string): void {
  if (existsSync(directory)) renameSync(directory, join(aside, 'replaced'));
  renameSync(from, directory);
  syncFolder(dirname(directory));
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } catch {
    // Some file systems cannot flush a folder; the rename itself is still in one step.
  } finally {
    closeSync(descriptor);
  }
}
