/**
 * A full training step of every method, its time and memory, against lightly's components in PyTorch in both memory layouts.
 *
 *     pnpm bench methods --methods byol,moco
 *     node bench/methods.ts --rounds 1 --steps 2 --warmup 1 --pairs 4 --size 16 --out /dev/null     # does it run?
 *
 * Given images in two views; the whole of `trainStep` here (forward, loss, backward, SGD, teacher and queue, what is logged), and what
 * lightly's documentation writes for the method in the twin (`bench/torch/methods.py`). Both have the same network, heads and optimizer: the
 * counts of trained parameters must be equal. A method whose package is not here is left out. lightly 1.6.0 has neither SupCon's loss nor
 * a recipe for MoCo v3.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { didYouMean } from '@ssl/core/setup';
import { byTurns, compareLayouts, type Runs, type Way } from './lib/layouts.ts';
import type { MethodRun, MethodSetting } from './lib/our-methods.ts';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, rounded } from './lib/summary.ts';

interface Compared {
  /** A key of `METHODS` in `torch/methods.py`. */
  readonly method: string;
  readonly title: string;
  readonly package: string;
  readonly settings: MethodSetting['settings'];
  /** On a vision transformer: its options. */
  readonly vit?: MethodSetting['vit'];
  readonly corners?: MethodSetting['corners'];
  /** What our loss is where lightly's is `theirs`, if not the same. */
  readonly asOurs?: (theirs: number) => number;
}

const HEAD = { hiddenDim: 512, projectionDim: 128 };
const WIDE = { hiddenDim: 2048, projectionDim: 2048, layers: 3 };

/** A method more is a line more, here and in the twin. */
const COMPARED: readonly Compared[] = [
  { method: 'simclr', title: 'SimCLR', package: '@ssl/simclr', settings: { ...HEAD, temperature: 0.5 } },
  {
    method: 'dcl',
    title: 'SimCLR with DCL',
    package: '@ssl/simclr',
    settings: { ...HEAD, temperature: 0.1, loss: 'dcl' },
  },
  {
    method: 'moco',
    title: 'MoCo v2',
    package: '@ssl/moco',
    settings: { ...HEAD, queueSize: 65_536, shuffleGroups: 1 },
  },
  {
    method: 'byol',
    title: 'BYOL',
    package: '@ssl/byol',
    settings: { ...HEAD, predictorHiddenDim: 512 },
    asOurs: theirs => 4 + 4 * theirs, // distances of both directions, theirs half the sum of both negative cosines
  },
  { method: 'simsiam', title: 'SimSiam', package: '@ssl/simsiam', settings: { ...HEAD, predictorHiddenDim: 512 } },
  { method: 'barlow-twins', title: 'Barlow Twins', package: '@ssl/barlow-twins', settings: WIDE },
  { method: 'vicreg', title: 'VICReg', package: '@ssl/vicreg', settings: WIDE },
  {
    method: 'nnclr',
    title: 'NNCLR',
    package: '@ssl/nnclr',
    settings: { ...HEAD, predictorDim: 512, queueSize: 65_536 }, // ln B at first, the paper's; theirs NT-Xent, with neighbours among the negatives
  },
  { method: 'swav', title: 'SwAV', package: '@ssl/swav', settings: { ...HEAD, prototypes: 512, queueSize: 0 } },
  {
    method: 'swav-multi-crop',
    title: 'SwAV, and 4 views of 20²',
    package: '@ssl/swav',
    settings: { ...HEAD, prototypes: 512, queueSize: 0 },
    corners: { count: 4, size: 20 },
  },
  {
    method: 'mae',
    title: 'MAE',
    package: '@ssl/mae',
    settings: { decoderDim: 192, decoderDepth: 4, decoderHeads: 3, normalizePixels: false },
    vit: { positions: 'fixed', init: 'xavier' },
  },
  {
    method: 'ijepa',
    title: 'I-JEPA',
    package: '@ssl/ijepa',
    settings: { predictorDim: 96, predictorDepth: 6, predictorHeads: 3 },
    vit: { positions: 'fixed', classToken: false },
  },
  {
    method: 'dino',
    title: 'DINO, and 4 views of 16²',
    package: '@ssl/dino',
    settings: { freezeLastLayer: 0, clipGradient: 0 }, // as lightly's example
    vit: {},
    corners: { count: 4, size: 16 },
  },
];
/** For ours / theirs. */
const TIME_AIM = { atMost: 1 };

interface Sizes {
  readonly rounds: number;
  readonly steps: number;
  readonly warmup: number;
  readonly threads: number;
  readonly pairs: number;
  readonly size: number;
}

function chosen(names: readonly string[]): readonly Compared[] {
  const known = COMPARED.map(({ method }) => method);
  const wrong = names.find(name => !known.includes(name));
  if (wrong !== undefined) {
    throw new Error(
      `bench methods: must be among ${known.join(', ')}; got '${wrong}'; ${didYouMean(wrong, known) || 'use one of them'}`,
    );
  }
  return COMPARED.filter(({ method }) => names.includes(method)).filter(({ method, package: name }) => {
    if (isHere(name)) return true;
    console.error(`${method} is left out: there is no ${name}`);
    return false;
  });
}

function isHere(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function runOnce(
  way: Way,
  { method, package: name, settings, corners, vit }: Compared,
  sizes: Sizes,
): Promise<MethodRun> {
  const { steps, threads, pairs, size } = sizes;
  if (way !== 'ours') {
    return runTwin('methods.py', flagsOf({ method, pairs, size, steps, layout: way, threads }), { threads });
  }
  const setting: MethodSetting = {
    package: name,
    settings,
    pairs,
    size,
    ...(corners && { corners }),
    ...(vit && { vit }),
  };
  return runOurs('methods.ts', flagsOf({ once: JSON.stringify(setting), steps }), { threads });
}

function runAll(compared: Compared, sizes: Sizes): Promise<Runs<MethodRun>> {
  return byTurns(
    sizes,
    way => runOnce(way, compared, sizes),
    (way, round, median, { peak_mb, parameters, losses: [first] }) =>
      console.error(
        `${compared.method}, round ${round} of ${sizes.rounds}, ${way}: ${median} ms, ${peak_mb} MiB, ${parameters} parameters, first loss ${first}`,
      ),
  );
}

/** Throws where the two sides do not train as many numbers. */
function measured({ method, asOurs = theirs => theirs }: Compared, runs: Runs<MethodRun>, warmup: number) {
  const [ours, theirs] = [runs.ours[0]!, runs.contiguous[0]!];
  if (ours.parameters !== theirs.parameters) {
    throw new Error(
      `bench methods: ${method} must train as many parameters on both sides; got ${ours.parameters} and ${theirs.parameters}; compare the heads in bench/methods.ts and bench/torch/methods.py`,
    );
  }
  const firstLoss = { ours: rounded(ours.losses[0]!), theirs: rounded(asOurs(theirs.losses[0]!)) };
  return { method, parameters: ours.parameters, firstLoss, ...compareLayouts(runs, warmup) };
}

function rowsOf(
  { title, vit }: Compared,
  { pairs, size }: Sizes,
  { faster, ms, peakMb }: ReturnType<typeof measured>,
): BenchRow[] {
  const what = `${title}, ${vit ? 'ViT-Ti, 8 x 8 patches' : 'ResNet-18'}, ${2 * pairs} images of ${size}²`;
  const against = `lightly, ${faster}`;
  return [
    { what, unit: 'ms a step', ours: ms.ours.median, theirs: ms[faster].median, against, aim: TIME_AIM },
    { what, unit: 'MiB at the peak', ours: peakMb.ours.median, theirs: peakMb[faster].median, against },
  ];
}

/** Writes `bench/results/methods.json` after each method, and prints it at the end. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      methods: { type: 'string', default: COMPARED.map(({ method }) => method).join() },
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string', default: '8' },
      warmup: { type: 'string', default: '3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      pairs: { type: 'string', default: '64' },
      size: { type: 'string', default: '32' },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('methods') },
    },
  });
  if (values.once !== undefined) {
    const { runMethod } = await import('./lib/our-methods.ts');
    console.log(JSON.stringify(await runMethod(JSON.parse(values.once) as MethodSetting, +values.steps)));
    return;
  }
  const [rounds, steps, warmup, threads] = [+values.rounds, +values.steps, +values.warmup, +values.threads];
  const sizes = { rounds, steps, warmup, threads, pairs: +values.pairs, size: +values.size };
  const [settings, rows]: [ReturnType<typeof measured>[], BenchRow[]] = [[], []];
  const result = { bench: 'methods', rows, ...sizes, settings };
  for (const each of chosen(values.methods.split(','))) {
    const setting = measured(each, await runAll(each, sizes), warmup);
    settings.push(setting);
    rows.push(...rowsOf(each, sizes, setting));
    await saveResult(result satisfies BenchResult, values.out); // each takes minutes
  }
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
