/** `ssl probe`: how well classes are told apart by features, by neighbours and by a linear classifier. */
import type { LinearProbeOptions } from '@ssl/core/eval';
import { progressBar } from '@ssl/core/setup';
import { OPEN_OPTIONS, SOURCE } from './data-options.ts';
import type { NamedFeatures } from './feature-file.ts';
import { readFeatures } from './feature-reader.ts';
import { type ProbeSides, probeSides } from './probe-data.ts';
import { asJson, asText, type ProbeOutcome } from './probe-report.ts';
import type { ExitCode } from './run.ts';
import { runFeatures } from './run-features.ts';
import { startEngine } from './start-engine.ts';
import { listOptions, type OptionSpecs, type OptionValues, readOptions, UsageError } from './usage.ts';

/** The channels are those of the run; train and test have each a split of their own. */
const { channels: _channels, split: _split, ...OPEN } = OPEN_OPTIONS;

const OPTIONS: OptionSpecs = {
  train: {
    type: 'string',
    value: `FILE|${SOURCE}`,
    help: 'features as ssl embed writes, or with --run pictures with labels',
  },
  test: {
    type: 'string',
    value: `FILE|${SOURCE}`,
    help: 'the same, to be judged by; default: a quarter of each class of --train, set apart',
  },
  run: { type: 'string', value: 'DIR', help: 'run folder of ssl pretrain, ended: its backbone makes the features' },
  'train-split': { type: 'string', value: 'NAME', help: 'part of an installed data set' },
  'test-split': { type: 'string', value: 'NAME', help: 'part of an installed data set' },
  ...OPEN,
  solver: {
    type: 'string',
    value: 'sgd|lbfgs',
    help: 'sgd: many learning rates at once; lbfgs: logistic regression to its optimum',
    default: 'sgd',
  },
  epochs: { type: 'number', help: 'of sgd', default: 100 },
  k: { type: 'number', help: 'neighbours that vote, beside 1', default: 20 },
  seed: { type: 'number', help: 'of what is set apart and of the order of the rows', default: 0 },
  json: { type: 'boolean', help: 'print JSON' },
};

const SPLITS = ['train-split', 'test-split'] as const;

export async function probeCommand(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('--help')) {
    const usage = 'ssl probe --train FILE [--test FILE]    accuracy of 1-NN, kNN and a linear classifier on features';
    process.stdout.write(`${usage}\nssl probe --run DIR --train DATA [--test DATA]\n\n${listOptions(OPTIONS)}\n`);
    return 0;
  }
  const { options, positionals } = await readOptions('probe', args, OPTIONS);
  if (positionals.length > 0) throw new UsageError(`ssl probe: takes options only; got '${positionals[0]}'`);
  checkTogether(options);
  const seed = (options.seed as number | undefined) ?? 0;
  const [train, test] = await bothTables(options);
  const say = (line: string): unknown => process.stderr.write(`${line}\n`);
  const sides = await probeSides(train, test, seed, say);
  await startEngine();
  const outcome = await judge(sides, options, seed);
  process.stdout.write(`${options.json === true ? asJson(outcome) : asText(outcome)}\n`);
  return 0;
}

function checkTogether(options: OptionValues): void {
  if (options.train === undefined)
    throw new UsageError('ssl probe: --train is needed; got none; See: ssl probe --help');
  const forPictures = [...SPLITS, ...Object.keys(OPEN)].find(name => options[name] !== undefined);
  if (options.run === undefined && forPictures !== undefined)
    throw new UsageError(`ssl probe: --${forPictures} is for pictures; got no --run; give one, or leave it out`);
  if (options.solver === 'lbfgs' && options.epochs !== undefined)
    throw new UsageError('ssl probe: --epochs is of sgd; got it with --solver lbfgs; leave it out');
}

/** Features of train and, if it is given, of the test. */
async function bothTables(options: OptionValues): Promise<[NamedFeatures, NamedFeatures | undefined]> {
  const { run, train, test } = options as { run?: string; train: string; test?: string };
  const embed = run === undefined ? undefined : await runFeatures('probe', run);
  const table = (path: string, split: unknown): Promise<NamedFeatures> => {
    if (!embed) return readFeatures('probe', path);
    const open = Object.fromEntries(Object.keys(OPEN).flatMap(key => (key in options ? [[key, options[key]]] : [])));
    return embed(path, { ...open, ...(split !== undefined && { split: split as string }) });
  };
  const first = await table(train, options['train-split']);
  // The other part of the same data set needs no name of its own.
  const other = test ?? (options['test-split'] === undefined ? undefined : train);
  return [first, other === undefined ? undefined : await table(other, options['test-split'])];
}

async function judge(sides: ProbeSides, options: OptionValues, seed: number): Promise<ProbeOutcome> {
  const { knnClassify, accuracy, linearProbe, voteNeighbours } = await import('@ssl/core/eval');
  const { train, test } = sides;
  const {
    k: asked = 20,
    epochs,
    solver = 'sgd',
  } = options as {
    k?: number;
    epochs?: number;
    solver?: LinearProbeOptions['solver'];
  };
  const k = options.k === undefined ? Math.min(asked, train.labels.length) : asked;
  const { neighbours, similarities, predictions } = await knnClassify({ train, test: test.features, k });
  const nearest = voteNeighbours({ indices: neighbours, similarities, k }, train.labels, { k: 1 });
  const bar = progressBar('probe    ');
  const linear = await linearProbe({
    train,
    test,
    solver: solver as NonNullable<typeof solver>,
    seed,
    ...(epochs !== undefined && { epochs }),
    onProgress: ({ phase, done, total }) =>
      bar.update(done, total, phase === 'choose' ? 'choosing a setting' : 'with the setting chosen'),
  }).finally(() => bar.finish());
  return {
    sides,
    nearest: accuracy(nearest, test.labels),
    k,
    neighbours: accuracy(predictions, test.labels),
    linear,
  };
}
