/** `ssl embed`: from the backbone of a run and some pictures to a file of features. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Backbone, ViewPlan } from '@ssl/core';
import type { PackedPixels } from '@ssl/core/data';
import { ConfigError, progressBar } from '@ssl/core/setup';
import { DATA_OPTION, type DataOptions, dataOptions, OPEN_OPTIONS } from './data-options.ts';
import { openPictures } from './data-source.ts';
import { writeFeatures } from './feature-file.ts';
import type { ExitCode } from './run.ts';
import { startEngine } from './start-engine.ts';
import { listOptions, type OptionSpecs, readOptions, UsageError } from './usage.ts';

/** The channels are those of the run. */
const { channels: _channels, ...OPEN } = OPEN_OPTIONS;

const OPTIONS: OptionSpecs = {
  run: { type: 'string', value: 'DIR', help: 'run folder of ssl pretrain, ended' },
  data: DATA_OPTION,
  ...OPEN,
  out: { type: 'string', value: 'FILE', help: 'ends in .safetensors or .csv', default: 'features.safetensors' },
};

/** What is needed of a run's `config.json`. */
interface Trained {
  readonly backbone: string;
  readonly channels: number;
  readonly views: ViewPlan;
  readonly imageSize: number;
}

export async function embedCommand(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help')) {
    const usage = 'ssl embed --run DIR --data DIR [OPTIONS]    writes a row of features for each picture';
    process.stdout.write(`${usage}\n\n${listOptions(OPTIONS)}\n`);
    return 0;
  }
  const { options, positionals } = await readOptions('embed', args, OPTIONS);
  if (positionals.length > 0) throw new UsageError(`ssl embed: takes options only; got '${positionals[0]}'`);
  const { run, data, out = 'features.safetensors' } = options as Partial<Record<string, string>>;
  if (run === undefined || data === undefined)
    throw new UsageError('ssl embed: --run and --data are needed; See: ssl embed --help');
  if (!/\.(safetensors|csv)$/.test(out))
    throw new UsageError(`ssl embed: --out must end in .safetensors or .csv; got '${out}'`);
  await embed({ run, data, open: dataOptions(options), out });
  return 0;
}

interface Request {
  readonly run: string;
  readonly data: string;
  readonly open: DataOptions;
  readonly out: string;
}

async function embed({ run, data, open, out }: Request): Promise<void> {
  const { runFolder, methodExtractor } = await import('@ssl/core/train');
  const { config, backbone: weights } = runFolder(run);
  const trained = await readConfig(config);
  if (!existsSync(weights))
    throw new ConfigError(
      `ssl embed: the run must have ended; ${weights} is not there yet; go on with it: ssl pretrain … --resume`,
    );
  await startEngine();
  const { channels, views, imageSize } = trained;
  const dataset = await openPictures('embed', data, { ...open, channels });
  const network = await buildBackbone(trained);
  const { loadWeights } = await import('@ssl/core/io');
  await loadWeights(weights, network.members);
  const { loadPixels, describeSkipped } = await import('@ssl/core/data');
  const reading = progressBar('reading  ');
  const onProgress = (done: number, total: number): void => reading.update(done, total, `${done} of ${total} images`);
  const pixels = await loadPixels(dataset, { size: imageSize, onProgress });
  const skipped = describeSkipped(pixels.skipped, dataset.size + (dataset.skipped?.length ?? 0));
  if (skipped) process.stderr.write(`${skipped}\n`);
  const table = await extracted(methodExtractor({ views, embed: images => network(images) }), pixels);
  const names = Array.from(pixels.indices, index => dataset.describe?.(index) ?? `picture ${index}`);
  await writeFeatures(out, { ...table, names, labels: pixels.labels, classes: dataset.classes });
  process.stdout.write(`${pixels.count} pictures, ${table.dim} features each: ${out}\n`);
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

async function readConfig(file: string): Promise<Trained> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Trained;
  } catch (error) {
    throw new ConfigError(
      `ssl embed: --run must be a run folder, with config.json; got ${(error as Error).message}; check the path`,
    );
  }
}

/** @throws ConfigError for a network that was put together in a program: only the program can build it again. */
async function buildBackbone({ backbone: name, channels }: Trained): Promise<Backbone> {
  const { backbone, backboneNames } = await import('@ssl/core');
  const [shape, ...changes] = name.split('.');
  const stem = changes.includes('cifar') ? 'cifar' : 'imagenet';
  if (backboneNames.includes(shape!)) {
    const built = backbone(shape!, { stem, inChannels: channels });
    if (built.name === name) return built;
  }
  throw new ConfigError(
    `ssl embed: the backbone must be one that ssl pretrain can build (${backboneNames.join(', ')}); got '${name}'; use loadWeights and featureExtractor in a program`,
  );
}
