/** For tests: a process that reads batches and says what was in them, until it is killed. */
import { createHash } from 'node:crypto';
import { imageFolder } from '../image-folder.ts';
import { openLoader } from './loader.ts';
import type { LoaderOptions } from './options.ts';

/** Prints `STEP SHA-256` for each step from `first` to before `end`, over all epochs on the way. */
export async function sayBatches(folder: string, options: LoaderOptions, first: number, end: number): Promise<void> {
  const loader = await openLoader(await imageFolder(folder, { verify: 'none' }), options);
  for (let step = first; step < end; step++) {
    const batch = await loader.batch(Math.floor(step / loader.stepsPerEpoch), step % loader.stepsPerEpoch);
    const hash = createHash('sha256');
    for (const part of [batch.data, batch.indices, batch.widths, batch.heights]) hash.update(part);
    process.stdout.write(`${step} ${hash.digest('hex')}\n`);
  }
  await loader.close();
}
