import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeScratch, moveIntoPlace, removeAbandoned } from '../engine/install/scratch.ts';
import { takeLock } from '../file-lock.ts';
import { currentOwner } from '../process-owner.ts';

export interface WholeFolderOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once when another process is filling the same folder. */
  readonly onWait?: () => void;
}

/**
 * A folder that is there whole or not at all: where it is missing, `fill` is given an empty one, which takes its place at the end.
 * Of several processes one fills it and the others wait; what a killed one left is removed by the next.
 * @returns whether it was filled now.
 */
export async function wholeFolder(
  directory: string,
  fill: (into: string) => Promise<void>,
  options: WholeFolderOptions = {},
): Promise<boolean> {
  if (existsSync(directory)) return false;
  mkdirSync(dirname(directory), { recursive: true });
  const lock = await takeLock(`${directory}.lock`, options);
  try {
    if (existsSync(directory)) return false;
    removeAbandoned(directory);
    const scratch = makeScratch(directory, currentOwner());
    try {
      const into = join(scratch.path, 'content');
      mkdirSync(into);
      await fill(into);
      moveIntoPlace(into, directory, scratch.path);
    } finally {
      scratch.remove();
    }
    return true;
  } finally {
    lock.release();
  }
}
