/** What `--data` names: a folder of images, or an installed data set. */
import { existsSync } from 'node:fs';
import type { Dataset } from '@ssl/core/data';
import { ConfigError, didYouMean } from '@ssl/core/setup';
import { discover, importPackage } from './discover.ts';

/** What a package with `"ssl": { "kind": "dataset" }` exports as `datasets`: by name, how each is opened. */
type Datasets = Readonly<Record<string, (split?: string) => Promise<Dataset>>>;

/** Pictures that are looked at to learn what the rest is like. */
const SAMPLE = 16;
/** Shorter side, pixels, at which they are. */
const SAMPLE_SIDE = 32;

/** Views are no larger by default: the size at which most published networks were trained. */
const LARGEST_VIEW = 224;
/** Strides of a ResNet with the ImageNet stem, multiplied: sizes of views are multiples of it. */
const GRAIN = 32;

export interface DataOptions {
  /** 1 or 3; by the pictures when it is left out. Of a folder only: a data set has its own. */
  readonly channels?: number;
  /** `train`, `test`, …: of a data set only. Its own default when it is left out. */
  readonly split?: string;
}

export interface OpenedData {
  readonly data: Dataset;
  /** Pixels, for views where no other size is asked for. */
  readonly viewSize: number;
}

/**
 * Opens a folder, or the data set of that name where there is no such folder.
 * @param say is told what was found out rather than asked for.
 * @throws ConfigError when there is neither, or an option does not fit it; DataError when there is no picture in it.
 */
export async function openData(
  data: string,
  { channels, split }: DataOptions,
  say: (line: string) => void,
): Promise<OpenedData> {
  if (existsSync(data)) {
    if (split !== undefined)
      throw new ConfigError(
        `ssl pretrain: --split must be left out for a folder; got '${split}'; give the folder of that part`,
      );
    return openFolder(data, channels, say);
  }
  const datasets = await installedDatasets();
  const open = Object.hasOwn(datasets, data) ? datasets[data] : undefined;
  if (!open) throw nothingThere(data, Object.keys(datasets));
  const opened = await open(split);
  if (channels !== undefined && channels !== opened.channels)
    throw new ConfigError(
      `ssl pretrain: --channels must be those of the data set; got ${channels} for ${opened.channels} of ${data}; leave it out`,
    );
  return { data: opened, viewSize: (await lookAt(opened)).viewSize };
}

async function openFolder(
  folder: string,
  channels: number | undefined,
  say: (line: string) => void,
): Promise<OpenedData> {
  const { imageFolder } = await import('@ssl/core/data');
  const data = await imageFolder(folder, channels === undefined ? {} : { channels: channels as 1 | 3 });
  const { grey, viewSize } = await lookAt(data);
  if (channels !== undefined || !grey) return { data, viewSize };
  say('the pictures are grey: one channel is used (--channels 3 for three)');
  return { data: await imageFolder(folder, { channels: 1 }), viewSize };
}

/** What a sample of the pictures, spread evenly, is like. Broken ones do not count. */
async function lookAt(dataset: Dataset): Promise<{ grey: boolean; viewSize: number }> {
  const count = Math.min(SAMPLE, dataset.size);
  const indices = Array.from({ length: count }, (_, i) => Math.floor((i * dataset.size) / count));
  const found = await Promise.all(
    indices.map(index => dataset.image(index, { shorterSide: SAMPLE_SIDE }).catch(() => undefined)),
  );
  const pictures = found.filter(picture => picture !== undefined);
  const sides = pictures
    .map(({ source, width, height }) => Math.min(source?.width ?? width, source?.height ?? height))
    .sort((a, b) => a - b);
  const median = sides[sides.length >> 1] ?? LARGEST_VIEW;
  const viewSize = Math.min(LARGEST_VIEW, Math.max(GRAIN, median - (median % GRAIN)));
  const grey = dataset.channels === 3 && pictures.length > 0 && pictures.every(({ data }) => isGrey(data));
  return { grey, viewSize };
}

/** @param rgb interleaved */
function isGrey(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3) if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return false;
  return true;
}

/** The data sets of every installed package. */
async function installedDatasets(): Promise<Datasets> {
  const loaded = await Promise.all(discover('dataset').map(importPackage));
  return Object.assign({}, ...loaded.map(({ datasets }) => datasets)) as Datasets;
}

function nothingThere(data: string, names: readonly string[]): ConfigError {
  const known = names.length > 0 ? names.join(', ') : 'there is none: npm install @ssl/datasets';
  return new ConfigError(
    `ssl pretrain: --data must be a folder of images or an installed data set (${known}); got '${data}', which is neither; ${didYouMean(data, names) || 'check the path'}`,
  );
}
