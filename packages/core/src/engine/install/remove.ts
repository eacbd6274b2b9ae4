/** `ssl engine remove`. */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from '../../file-lock.ts';
import { currentOwner } from '../../process-owner.ts';
import { makeScratch, removeAbandoned } from './scratch.ts';

/** Deletes an installed engine and what interrupted installations left beside it; false when there was none. */
export async function removeEngine(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  const lock = await takeLock(`${directory}.lock`);
  try {
    // Out of sight in one step, so that nobody finds half of it.
    const scratch = makeScratch(directory, currentOwner());
    renameSync(directory, join(scratch.path, 'engine'));
    scratch.remove();
    removeAbandoned(directory);
    return true;
  } finally {
    lock.release();
  }
}
