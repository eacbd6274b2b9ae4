/** What `--data` names: pictures on disk, in whatever form, or an installed data set. */
import { existsSync } from 'node:fs';
import type { Dataset } from '@ssl/core/data';
import { ConfigError, didYouMean } from '@ssl/core/setup';
import type { DataOptions } from './data-options.ts';
import { discover, importPackage } from './discover.ts';

/** What a package with `"ssl": { "kind": "dataset" }` exports as `datasets`: by name, how each is opened. */
type Datasets = Readonly<Record<string, (split?: string) => Promise<Dataset>>>;

export interface OpenedData {
  readonly data: Dataset;
  /** Pixels, for views where no other size is asked for. */
  readonly viewSize: number;
}

/**
 * Opens pictures on disk, or the data set of that name where there is no such path. Where all that is looked at is grey, with one channel.
 * @param who the command, for messages: `pretrain`.
 * @param say is told what was found out rather than asked for.
 * @throws ConfigError when there is neither, or an option does not fit it; DataError when there is no picture in it.
 */
export async function openData(
  who: string,
  data: string,
  options: DataOptions,
  say: (line: string) => void,
): Promise<OpenedData> {
  const { lookAt, openDataset } = await import('@ssl/core/data');
  const opened = await openPictures(who, data, options);
  const { grey, viewSize } = await lookAt(opened);
  if (options.channels !== undefined || !grey || !isPath(data)) return { data: opened, viewSize };
  await opened.close?.();
  say('the pictures are grey: one channel is used (--channels 3 for three)');
  return { data: await openDataset(data, { ...options, channels: 1 }), viewSize };
}

/** Like {@link openData}, without a look at the pictures: three channels unless asked for. */
export async function openPictures(who: string, data: string, options: DataOptions): Promise<Dataset> {
  const { openDataset } = await import('@ssl/core/data');
  if (!isPath(data)) return openInstalled(who, data, options);
  refuseSplit(who, options);
  return openDataset(data, options);
}

/** Like {@link openPictures}, with the parts of a folder that has nothing but such (`train`, `val`, `test`). */
export async function openPartsOf(who: string, data: string, options: DataOptions): Promise<Record<string, Dataset>> {
  const { openParts } = await import('@ssl/core/data');
  if (!isPath(data)) return { [options.split ?? data]: await openInstalled(who, data, options) };
  refuseSplit(who, options);
  return openParts(data, options);
}

/** Whether it names something on disk, rather than a data set. */
export function isPath(data: string): boolean {
  return existsSync(data) || /[*?{[]/.test(data);
}

function refuseSplit(who: string, { split }: DataOptions): void {
  if (split === undefined) return;
  throw new ConfigError(`ssl ${who}: --split must be left out for a path; got '${split}'; give the path of that part`);
}

async function openInstalled(who: string, name: string, options: DataOptions): Promise<Dataset> {
  const { split, channels, labels, ...others } = options;
  const datasets = await installedDatasets();
  const open = Object.hasOwn(datasets, name) ? datasets[name] : undefined;
  if (!open) throw nothingThere(who, name, Object.keys(datasets));
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new ConfigError(`ssl ${who}: --${other} is for files; got the data set ${name}; leave it out`);
  const opened = await open(split);
  if (channels !== undefined && channels !== opened.channels)
    throw new ConfigError(
      `ssl ${who}: --channels must be those of the data set; got ${channels} for ${opened.channels} of ${name}; leave it out`,
    );
  if (labels !== 'none') return opened;
  const { withoutLabels } = await import('@ssl/core/data');
  return withoutLabels(opened);
}

/** The data sets of every installed package. */
async function installedDatasets(): Promise<Datasets> {
  const loaded = await Promise.all(discover('dataset').map(importPackage));
  return Object.assign({}, ...loaded.map(({ datasets }) => datasets)) as Datasets;
}

function nothingThere(who: string, data: string, names: readonly string[]): ConfigError {
  const known = names.length > 0 ? names.join(', ') : 'there is none: npm install @ssl/datasets';
  return new ConfigError(
    `ssl ${who}: the data must be a folder of pictures, .tar shards, .parquet files, a .csv or .jsonl list, or an installed data set (${known}); ` +
      `got '${data}', which is none of these; ${didYouMean(data, names) || 'check the path'}`,
  );
}
