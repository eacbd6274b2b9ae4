/** `ssl data inspect`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '@ssl/core/data';
import { ConfigError, progressBar } from '@ssl/core/setup';
import { type DataAction, dataArguments } from './data-action.ts';
import { type DataOptions, dataOptions } from './data-options.ts';
import { isPath, openPartsOf, openPictures } from './data-source.ts';
import type { ExitCode } from './run.ts';

const INSPECT: DataAction = {
  name: 'inspect',
  does: 'shows what is there, what is wrong with it, and what to do',
  options: {
    val: {
      type: 'string',
      value: 'DIR|SPLIT',
      help: 'pictures kept for validation (of an installed data set: a split): copies across the two are found',
    },
    json: { type: 'boolean', help: 'print the whole report as JSON: every broken file, every copy' },
    out: { type: 'string', value: 'DIR', help: 'write contact sheets there: random.png, classes.png, copies.png' },
    sample: {
      type: 'number',
      help: 'look at so many pictures of each part, drawn at random; copies among these alone',
    },
    seed: { type: 'number', help: 'of what is drawn at random', default: 0 },
    strict: { type: 'boolean', help: 'end with 1 when there are broken files, or pictures of one part in another' },
  },
};

interface Given {
  readonly val?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly sample?: number;
  readonly seed?: number;
  readonly strict?: boolean;
}

export async function inspectAction(args: readonly string[]): Promise<ExitCode> {
  const given = await dataArguments(INSPECT, args);
  if (!given) return 0;
  const { val, json, out, sample, seed = 0, strict } = given.options as Given;
  const { describeInspection, inspectData, inspectionSheets } = await import('@ssl/core/data');
  const wanted = dataOptions(given.options);
  const parts =
    val === undefined ? await openPartsOf('data inspect', given.data, wanted) : await both(given.data, val, wanted);
  const bar = progressBar('looking');
  const report = await inspectData(parts, {
    seed,
    ...(sample !== undefined && { sample }),
    onProgress: (done, total) => bar.update(done, total, `${done} of ${total} pictures`),
  });
  bar.finish();
  process.stdout.write(json === true ? `${JSON.stringify(report, undefined, 2)}\n` : describeInspection(report));
  if (out !== undefined) {
    await mkdir(out, { recursive: true });
    for (const { name, png } of await inspectionSheets(parts, report, seed)) {
      const file = join(out, `${name}.png`);
      await writeFile(file, png);
      process.stderr.write(`${file}\n`);
    }
  }
  for (const part of Object.values(parts)) await part.close?.();
  const bad = report.leaks.length > 0 || report.splits.some(({ broken }) => broken.length > 0);
  return strict === true && bad ? 1 : 0;
}

async function both(data: string, val: string, options: DataOptions): Promise<Record<string, Dataset>> {
  const { split, ...others } = options;
  const [path, part] = isPath(data) ? [val, {}] : [data, { split: val }];
  if (val === data || val === split)
    throw new ConfigError(`ssl data inspect: --val must be other pictures; got '${val}' twice; leave it out`);
  return {
    train: await openPictures('data inspect', data, options),
    val: await openPictures('data inspect', path, { ...others, ...part }),
  };
}
