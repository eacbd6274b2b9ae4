/** From pictures to features by the backbone of a run. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Backbone, ViewPlan } from '@ssl/core';
import type { PackedPixels } from '@ssl/core/data';
import { ConfigError, progressBar } from '@ssl/core/setup';
import type { DataOptions } from './data-options.ts';
import { openPictures } from './data-source.ts';
import type { NamedFeatures } from './feature-file.ts';
import { startEngine } from './start-engine.ts';

/** What is needed of a run's `config.json`. */
interface Trained {
  readonly backbone: string;
  readonly channels: number;
  readonly views: ViewPlan;
  readonly imageSize: number;
}

/** Features of the pictures that `data` names, one row each, in order. Names skipped ones on standard error. */
export type EmbedPictures = (data: string, open: DataOptions) => Promise<NamedFeatures>;

/**
 * Builds the backbone of a run that has ended.
 * @param who the command, for messages: `embed`
 * @throws ConfigError when `run` is no such run, or its network was put together in a program.
 */
export async function runFeatures(who: string, run: string): Promise<EmbedPictures> {
  const { runFolder, methodExtractor } = await import('@ssl/core/train');
  const { config, backbone: weights } = runFolder(run);
  const trained = await readConfig(who, config);
  if (!existsSync(weights))
    throw new ConfigError(
      `ssl ${who}: the run must have ended; ${weights} is not there yet; go on with it: ssl pretrain … --resume`,
    );
  await startEngine();
  const network = await buildBackbone(who, trained);
  const { loadWeights } = await import('@ssl/core/io');
  await loadWeights(weights, network.members);
  const { channels, views, imageSize: size } = trained;
  return async (data, open) => {
    const { loadPixels, describeSkipped } = await import('@ssl/core/data');
    const dataset = await openPictures(who, data, { ...open, channels });
    const reading = progressBar('reading  ');
    const onProgress = (done: number, total: number): void => reading.update(done, total, `${done} of ${total} images`);
    const pixels = await loadPixels(dataset, { size, onProgress });
    const skipped = describeSkipped(pixels.skipped, dataset.size + (dataset.skipped?.length ?? 0));
    if (skipped) process.stderr.write(`${skipped}\n`);
    const table = await extracted(methodExtractor({ views, embed: images => network(images) }), pixels);
    const names = Array.from(pixels.indices, index => dataset.describe?.(index) ?? `picture ${index}`);
    return { ...table, names, labels: pixels.labels, classes: dataset.classes };
  };
}

type Extractor = ReturnType<typeof import('@ssl/core/train')['methodExtractor']>;

async function extracted(extract: Extractor, pixels: PackedPixels): ReturnType<Extractor> {
  const bar = progressBar('embedding');
  try {
    return await extract(pixels, done => bar.update(done, pixels.count, `${done} of ${pixels.count} images`));
  } finally {
    bar.finish();
    extract.dispose();
  }
}

async function readConfig(who: string, file: string): Promise<Trained> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Trained;
  } catch (error) {
    throw new ConfigError(
      `ssl ${who}: --run must be a run folder, with config.json; got ${(error as Error).message}; check the path`,
    );
  }
}

/** @throws ConfigError for a network that was put together in a program: only the program can build it again. */
async function buildBackbone(who: string, { backbone: name, channels }: Trained): Promise<Backbone> {
  const { backboneByFullName, backboneNames } = await import('@ssl/core');
  try {
    return backboneByFullName(name, { inChannels: channels });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      `ssl ${who}: the backbone must be one that ssl pretrain can build (${backboneNames.join(', ')}); got '${name}'; use loadWeights and featureExtractor in a program`,
    );
  }
}
