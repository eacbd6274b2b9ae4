/** `ssl data pack`. */
import { progressBar } from '@ssl/core/setup';
import { type DataAction, dataArguments } from './data-action.ts';
import { dataOptions } from './data-options.ts';
import { openPictures } from './data-source.ts';
import type { ExitCode } from './run.ts';
import { UsageError } from './usage.ts';

const PACK: DataAction = {
  name: 'pack',
  does: 'writes WebDataset shards: .tar archives that are read from one end to the other',
  options: {
    out: { type: 'string', value: 'DIR', help: 'folder of the shards' },
    samples: { type: 'number', help: 'pictures in a shard; default: 10000' },
    seed: { type: 'number', help: 'of the order in which they are written', default: 0 },
  },
};

export async function packAction(args: readonly string[]): Promise<ExitCode> {
  const given = await dataArguments(PACK, args);
  if (!given) return 0;
  const { out, samples, seed = 0 } = given.options as { out?: string; samples?: number; seed?: number };
  if (out === undefined) throw new UsageError('ssl data pack: --out is needed; got none; write --out DIR');
  const { describeSkipped, writeShards } = await import('@ssl/core/data');
  const data = await openPictures('data pack', given.data, dataOptions(given.options));
  const bar = progressBar('packing');
  const { files, written, skipped } = await writeShards(data, out, {
    seed,
    ...(samples !== undefined && { samplesPerShard: samples }),
    onProgress: (done, total) => bar.update(done, total, `${done} of ${total} pictures`),
    onWait: () => process.stderr.write('another process is writing there; waiting for it\n'),
  });
  bar.finish();
  const unread = [...(data.skipped ?? []), ...skipped];
  if (unread.length > 0) process.stderr.write(`${describeSkipped(unread, data.size + (data.skipped?.length ?? 0))}\n`);
  await data.close?.();
  const kept = files.length - written;
  process.stdout.write(`${written} shards${kept > 0 ? `, and ${kept} that were there,` : ''} in ${out}\n`);
  return 0;
}
