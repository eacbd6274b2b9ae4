/** `ssl data stats`. */
import { progressBar } from '@ssl/core/setup';
import { type DataAction, dataArguments } from './data-action.ts';
import { dataOptions } from './data-options.ts';
import { openData } from './data-source.ts';
import type { ExitCode } from './run.ts';

const STATS: DataAction = {
  name: 'stats',
  does: 'mean and standard deviation of each channel, 0 to 1',
  options: {
    sample: { type: 'number', help: 'measure so many pictures, drawn at random; default: all' },
    seed: { type: 'number', help: 'of the draw', default: 0 },
    json: { type: 'boolean', help: 'print JSON' },
  },
};

export async function statsAction(args: readonly string[]): Promise<ExitCode> {
  const given = await dataArguments(STATS, args);
  if (!given) return 0;
  const { sample, seed = 0, json } = given.options as { sample?: number; seed?: number; json?: boolean };
  const { channelStatistics, describeSkipped } = await import('@ssl/core/data');
  const say = (line: string): unknown => process.stderr.write(`${line}\n`);
  const { data } = await openData('data stats', given.data, dataOptions(given.options), say);
  const bar = progressBar('measuring');
  const { mean, std, count, skipped } = await channelStatistics(data, {
    seed,
    ...(sample !== undefined && { sample }),
    onProgress: (done, total) => bar.update(done, total, `${done} of ${total} pictures`),
  });
  bar.finish();
  const unread = [...(data.skipped ?? []), ...skipped];
  if (unread.length > 0) say(describeSkipped(unread, count + unread.length));
  await data.close?.();
  const rounded = (values: readonly number[]): number[] => values.map(value => Number(value.toFixed(4)));
  const text =
    json === true
      ? JSON.stringify({ mean, std, count, skipped: unread })
      : `normalize: { mean: [${rounded(mean).join(', ')}], std: [${rounded(std).join(', ')}] }, // of ${count} pictures`;
  process.stdout.write(`${text}\n`);
  return 0;
}
