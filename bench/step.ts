/**
 * A full SimCLR training step, its time and memory, against PyTorch with lightly's loss in both memory layouts.
 *
 *     pnpm bench step
 *     node bench/step.ts --rounds 1 --steps 3 --warmup 1 --images 4 --size 32 --out /dev/null     # does it run?
 *
 * Given images; forward, NT-Xent, backward and SGD as one graph here, and as lightly's users write it in the twin
 * (`bench/torch/step.py`). Both have the same network (torchvision's ResNets; timm's vision transformer and ConvNeXt, with AdamW), head (D → D, batch norm, ReLU → 128), loss and optimizer. Each run is a fresh
 * process, by turns; its first steps are dropped as warm-up (ours builds its graph in the first). Ratios are to the layout in
 * which PyTorch is faster.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { byTurns, compareLayouts, type Runs, type Way } from './lib/layouts.ts';
import type { StepRun, StepSetting } from './lib/our-step.ts';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { flagsOf, rounded, summary } from './lib/summary.ts';

const SETTINGS: readonly StepSetting[] = [
  { model: 'resnet18', stem: 'cifar', images: 128, size: 32 },
  { model: 'resnet50', stem: 'imagenet', images: 16, size: 224 },
  { model: 'vit_tiny_patch16_224', patchSize: 4, images: 64, size: 32 },
  { model: 'vit_tiny_patch16_224', patchSize: 16, images: 16, size: 224 },
  { model: 'convnext_atto', images: 16, size: 224 },
];
const NAMES = {
  resnet18: 'ResNet-18',
  resnet50: 'ResNet-50',
  vit_tiny_patch16_224: 'ViT-Ti',
  convnext_atto: 'ConvNeXt-A',
};
/** For ours / theirs. */
const AIMS = { time: { atMost: 1 }, memory: { atMost: 0.8 }, memoryOfTokens: { atMost: 1.2 } };

interface Sizes {
  readonly rounds: number;
  readonly steps: number;
  readonly warmup: number;
  readonly threads: number;
}

function runOnce(way: Way, setting: StepSetting, { steps, threads }: Sizes): Promise<StepRun> {
  if (way === 'ours') return runOurs('step.ts', flagsOf({ once: JSON.stringify(setting), steps }), { threads });
  return runTwin('step.py', flagsOf({ ...setting, steps, layout: way, threads }), { threads });
}

function runAll(setting: StepSetting, sizes: Sizes): Promise<Runs<StepRun>> {
  return byTurns(
    sizes,
    way => runOnce(way, setting, sizes),
    (way, round, median, { peak_mb, loss }) =>
      console.error(
        `${setting.model}, round ${round} of ${sizes.rounds}, ${way}: ${median} ms, ${peak_mb} MiB, loss ${loss}`,
      ),
  );
}

function compared(setting: StepSetting, runs: Runs<StepRun>, warmup: number, twinIdle: number) {
  const { faster, timeRatio, timeRatioByRound, peakRatio, ...summaries } = compareLayouts(runs, warmup);
  const idleMb = { ours: summary(runs.ours.map(run => run.idle_mb!)).median, torch: twinIdle };
  const above = (way: Way, idle: number): number => summaries.peakMb[way].median - idle;
  return {
    ...setting,
    faster,
    timeRatio,
    timeRatioByRound,
    peakRatio,
    peakRatioAboveIdle: rounded(above('ours', idleMb.ours) / above(faster, idleMb.torch)),
    ...summaries,
    idleMb,
    versions: { engine: runs.ours[0]!.engine, torch: runs.contiguous[0]!.torch },
  };
}

function rowsOf({
  model,
  patchSize,
  images,
  size,
  faster,
  ms,
  peakMb,
  ...rest
}: ReturnType<typeof compared>): BenchRow[] {
  const patches = patchSize ? ` in patches of ${patchSize}²` : '';
  const what = `${NAMES[model]}, ${images} images of ${size}²${patches}`;
  const against = `PyTorch, ${faster}`;
  return [
    { what, unit: 'ms a step', ours: ms.ours.median, theirs: ms[faster].median, against, aim: AIMS.time },
    {
      what,
      unit: 'MiB at the peak',
      ours: peakMb.ours.median,
      theirs: peakMb[faster].median,
      against,
      aim: rest.stem ? AIMS.memory : AIMS.memoryOfTokens,
    },
  ];
}

/** Writes `bench/results/step.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string', default: '8' },
      warmup: { type: 'string', default: '3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      models: { type: 'string', default: [...new Set(SETTINGS.map(({ model }) => model))].join() },
      images: { type: 'string' },
      size: { type: 'string' },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('step') },
    },
  });
  const [rounds, steps, warmup, threads] = [+values.rounds, +values.steps, +values.warmup, +values.threads];
  if (values.once !== undefined) {
    const { runSteps } = await import('./lib/our-step.ts');
    console.log(JSON.stringify(await runSteps(JSON.parse(values.once) as StepSetting, steps)));
    return;
  }
  const changes = { ...(values.images && { images: +values.images }), ...(values.size && { size: +values.size }) };
  const chosen = SETTINGS.filter(({ model }) => values.models.split(',').includes(model));
  const { idle_mb } = await runTwin<{ idle_mb: number }>('idle.py', ['torch', 'torchvision', 'lightly.loss', 'timm'], {
    threads,
  });
  const settings = [];
  for (const setting of chosen.map(each => ({ ...each, ...changes }))) {
    const runs = await runAll(setting, { rounds, steps, warmup, threads });
    settings.push(compared(setting, runs, warmup, idle_mb));
  }
  const result = { bench: 'step', rows: settings.flatMap(rowsOf), threads, rounds, steps, warmup, settings };
  await saveResult(result satisfies BenchResult, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
