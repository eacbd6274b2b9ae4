/**
 * `pnpm reproduce icons`: trains every method under one protocol on icons-42 and emoji-3, three seeds each, and writes the table (README.md) and
 * `results/*.json`. Stopped at any moment, it goes on where it was. `--methods simclr,byol`, `--seeds 0,1` do less. What prints only: `--epochs 2`,
 * `--changes '{"learningRate":0.001}'` (of the recipe), and `--tune`, which trains on a part of train and judges on another. `pnpm reproduce cifar10` and `imagenette` use each method's own recipe.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { ConfigError, didYouMean } from '@ssl/core/setup';
import { REPRODUCE, type RowResult, type RunResult, readResult, resultFile, type SetResult } from './result.ts';
import { type CodedRow, reproduceRows } from './rows.ts';
import { COMMANDS, type ReproduceSet, SETS } from './sets.ts';
import { page, percent } from './table.ts';

/** What the table needs to know of a row, trained or not. */
type Named = Pick<CodedRow, 'name' | 'title' | 'supervised'> & Partial<CodedRow> & { readonly seeds?: number };

/**
 * Rows that nothing is trained for, and how often each is measured: a random network differs with its seed. One for each network that a method
 * has in place of the protocol's.
 */
function references(rows: readonly CodedRow[]): readonly Named[] {
  const own = new Map(rows.flatMap(({ backbone }) => (backbone ? [[backbone.name, backbone] as const] : [])));
  return [
    { name: 'pixels', title: 'pixels', seeds: 1 },
    { name: 'hog', title: 'HOG', seeds: 1 },
    { name: 'random', title: 'random network' },
    ...[...own.values()].map(backbone => ({
      name: `random-${backbone.name}`,
      title: `random ${backbone.title}`,
      backbone,
    })),
  ];
}
const RUNS = 'runs/reproduce';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    methods: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    epochs: { type: 'string' },
    changes: { type: 'string' },
    tune: { type: 'boolean', default: false },
  },
});

/** Whether the numbers are those of the protocol and belong into the table. */
const counts = !(values.tune || values.epochs || values.changes);

try {
  for (const set of setsOf(positionals[0])) await reproduce(set);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigError ? error.message : (error as Error).stack}\n`);
  process.exitCode = 1;
}

function setsOf(command: string | undefined): ReproduceSet[] {
  const names = command === undefined ? undefined : COMMANDS[command];
  if (names) return SETS.filter(({ name }) => names.includes(name));
  const known = Object.keys(COMMANDS);
  throw new ConfigError(
    `reproduce: must be one of ${known.join(', ')}; got ${command ?? 'nothing'}; ${didYouMean(command ?? '', known)}`,
  );
}

async function reproduce(set: ReproduceSet): Promise<void> {
  const rows = await reproduceRows(set);
  const all = chosen(references(rows), rows);
  const seeds = values.seeds.split(',').map(Number);
  const jobs = seeds.flatMap((seed, n) =>
    all.filter(row => row.seeds === undefined || n < row.seeds).map(row => ({ row, seed })),
  );
  for (const [i, { row, seed }] of jobs.entries()) {
    const settings = settingsOf(set, row);
    if (counts && resultOf(set, row.name, settings)?.runs.some(run => run.seed === seed)) continue;
    process.stderr.write(`\n[${i + 1} of ${jobs.length}] ${set.name}, ${row.name}, seed ${seed}\n`);
    const run = await runOne(set, row.name, seed, settings);
    process.stderr.write(
      `1-NN ${percent(run.oneNN)}, kNN ${percent(run.kNN)}, linear ${percent(run.linear)}, RankMe ${run.rankMe.toFixed(0)}\n`,
    );
    if (counts) await keep(set, { ...row, settings }, run);
  }
  if (counts) await writeFile(`${REPRODUCE}README.md`, page(SETS.flatMap(({ name }) => readResult(name) ?? [])));
}

/** Those that are asked for; without a word, all, and where the numbers do not count, all that is trained. */
function chosen(untrained: readonly Named[], rows: readonly CodedRow[]): readonly Named[] {
  const all = [...untrained, ...rows];
  if (!values.methods) return counts ? all : rows;
  const [names, known] = [values.methods.split(','), all.map(({ name }) => name)];
  const unknown = names.find(name => !known.includes(name));
  if (unknown === undefined) return all.filter(({ name }) => names.includes(name));
  throw new ConfigError(
    `reproduce: --methods must be of ${known.join(', ')}; got '${unknown}'; ${didYouMean(unknown, known)}`,
  );
}

/** A short hash of all that a row's numbers follow from, as far as settings go. */
function settingsOf({ recipe, views }: ReproduceSet, row: Named): string {
  const own = row.backbone ? [String(row.backbone.make)] : [];
  const text = JSON.stringify([recipe, views, row.recipe, row.code, values.epochs, values.changes, ...own]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function resultOf(set: ReproduceSet, row: string, settings: string): RowResult | undefined {
  return readResult(set.name)?.rows.find(each => each.name === row && each.settings === settings);
}

/** The run's folder is named after its settings, so that a changed row never goes on with an old run. */
async function runOne(set: ReproduceSet, row: string, seed: number, settings: string): Promise<RunResult> {
  const out = `${RUNS}/${set.name}${values.tune ? '-tuning' : ''}/${row}-${settings}-${seed}`;
  await mkdir(out, { recursive: true });
  const { epochs, changes, tune } = values;
  const flags = { set: set.name, row, seed: String(seed), out, ...(epochs && { epochs }), ...(changes && { changes }) };
  const args = [...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]), ...(tune ? ['--tune'] : [])];
  const child = spawn(process.execPath, [`${REPRODUCE}one.ts`, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject).on('close', exit => resolve(exit ?? 1));
  });
  if (code === 0) return JSON.parse(printed.trim().split('\n').at(-1)!) as RunResult;
  throw new ConfigError(
    `reproduce: ${row} ended with exit code ${code}; its own message is above; run the command again to go on`,
  );
}

async function keep(
  set: ReproduceSet,
  { name, title, supervised = false, settings }: Named & { readonly settings: string },
  run: RunResult,
): Promise<void> {
  const before = readResult(set.name);
  const old = resultOf(set, name, settings);
  const runs = [...(old?.runs ?? []).filter(({ seed }) => seed !== run.seed), run].sort((a, b) => a.seed - b.seed);
  const known = await reproduceRows(set);
  const order = [...references(known), ...known].map(row => row.name);
  const others = before?.rows.filter(row => row.name !== name) ?? [];
  const rows = [...others, { name, title, supervised, settings, runs }];
  rows.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const result: SetResult = {
    set: set.name,
    title: set.title,
    question: set.question,
    recipe: set.recipe ?? `each method's own recipe '${set.preset}'`,
    backbone: before?.backbone ?? set.backbone(0).name,
    images: before?.images ?? (await imagesOf(set)),
    machine: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    rows,
  };
  await mkdir(`${REPRODUCE}results`, { recursive: true });
  await writeFile(resultFile(set.name), `${JSON.stringify(result, null, 2)}\n`);
}

async function imagesOf(set: ReproduceSet): Promise<SetResult['images']> {
  const { train, test } = await set.open();
  return { train: train.size, test: test.size };
}
