/**
 * Views a second from decoded pictures in memory, against torchvision (`bench/torch/views.py`) on PIL images and on tensors of bytes
 * (transforms.v2), which run in as many processes as we have threads. Each run is a fresh process, by turns.
 *
 *     pnpm bench views
 *     node bench/views.ts --runs 1 --seconds 1 --steps 3 --out /dev/null     # does it run?
 *
 * Ours holds the move of each batch into the library and the drawing of all parameters. Besides: how long the views of a batch take
 * beside the training step that uses them (`bench/step.ts`), one after the other.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { StepRun, StepSetting } from './lib/our-step.ts';
import type { ViewsOfAKind, ViewsRun, ViewsSetting } from './lib/our-views.ts';
import { runOurs, runTwin } from './lib/process.ts';
import { type BenchResult, type BenchRow, median, resultFile, saveResult } from './lib/result.ts';
import { flagsOf } from './lib/summary.ts';

interface Question extends ViewsSetting {
  readonly what: string;
  /** For ours / theirs, be theirs PIL or tensors. */
  readonly atLeast: number;
}

const kind = (count: number, size: number, scale: ViewsOfAKind['scale'], blur: boolean): ViewsOfAKind => ({
  count,
  size,
  scale,
  blur,
});
const CIFAR = kind(2, 32, [0.08, 1], false);

/** Small pictures as SimCLR treats CIFAR-10, photos as it treats ImageNet, and SwAV's multi-crop. */
const QUESTIONS: readonly Question[] = [
  { what: 'SimCLR, 32 → 32 pixels', source: 32, batch: 256, views: [CIFAR], inFlight: 2, atLeast: 8 },
  {
    what: 'SimCLR with blur, 256 → 224 pixels',
    source: 256,
    batch: 32,
    views: [kind(2, 224, [0.08, 1], true)],
    inFlight: 2,
    atLeast: 6,
  },
  {
    what: 'SwAV, 256 → 2 of 224 and 6 of 96 pixels',
    source: 256,
    batch: 32,
    views: [kind(2, 224, [0.14, 1], true), kind(6, 96, [0.05, 0.14], true)],
    inFlight: 2,
    atLeast: 6,
  },
];

const APIS = { pil: 'torchvision (PIL)', tensor: 'torchvision v2 (tensors)' } as const;
type Api = keyof typeof APIS;

/** The views of 128 pictures, and the step that takes them. */
const STEP_VIEWS: ViewsSetting = { source: 32, batch: 128, views: [CIFAR], inFlight: 1 };
const STEP: StepSetting = { model: 'resnet18', stem: 'cifar', images: 256, size: 32 };
/** Of the step's time. */
const LARGEST_SHARE = 0.05;
/** Steps that are not counted. */
const WARMUP = 2;

interface Sizes {
  readonly runs: number;
  readonly seconds: number;
  readonly steps: number;
  readonly threads: number;
}

interface TwinRun {
  readonly views_per_s: number;
}

function draw(setting: ViewsSetting, { seconds, threads }: Sizes): Promise<ViewsRun> {
  return runOurs<ViewsRun>('views.ts', flagsOf({ once: JSON.stringify(setting), seconds }), { threads });
}

function twin(api: Api, { source, batch, views }: ViewsSetting, { seconds, threads }: Sizes): Promise<TwinRun> {
  const flags = flagsOf({ api, source, batch, views: JSON.stringify(views), seconds, workers: threads });
  return runTwin<TwinRun>('views.py', flags, { threads });
}

interface Comparison extends Question {
  readonly rows: readonly BenchRow[];
  /** Every run. */
  readonly ours: readonly ViewsRun[];
  readonly theirs: Readonly<Record<Api, readonly TwinRun[]>>;
}

async function compare(question: Question, sizes: Sizes): Promise<Comparison> {
  const ours: ViewsRun[] = [];
  const theirs: Record<Api, TwinRun[]> = { pil: [], tensor: [] };
  const apis = Object.keys(APIS) as Api[];
  for (let run = 1; run <= sizes.runs; run++) {
    ours.push(await draw(question, sizes));
    for (const api of apis) theirs[api].push(await twin(api, question, sizes));
    const last = { ours: ours.at(-1), ...Object.fromEntries(apis.map(api => [api, theirs[api].at(-1)])) };
    console.error(`${question.what}, run ${run} of ${sizes.runs}: ${JSON.stringify(last)}`);
  }
  const rows = apis.map(
    (api): BenchRow => ({
      what: question.what,
      unit: 'views/s',
      ours: median(ours.map(run => run.views_per_s)),
      theirs: median(theirs[api].map(run => run.views_per_s)),
      against: `${APIS[api]}, ${sizes.threads} processes`,
      aim: { atLeast: question.atLeast },
    }),
  );
  return { ...question, rows, ours, theirs };
}

/** Ours beside ours: the views of a batch, and the step on given images. */
async function share(sizes: Sizes): Promise<{ row: BenchRow; drawn: readonly ViewsRun[]; stepMs: readonly number[] }> {
  const { runs, steps, threads } = sizes;
  const drawn: ViewsRun[] = [];
  const stepMs: number[] = [];
  for (let run = 1; run <= runs; run++) {
    drawn.push(await draw(STEP_VIEWS, sizes));
    const step = await runOurs<StepRun>('step.ts', flagsOf({ once: JSON.stringify(STEP), steps }), { threads });
    stepMs.push(median(step.ms.slice(WARMUP)));
    console.error(`views and step, run ${run} of ${runs}: ${drawn.at(-1)!.ms_per_batch} ms, ${stepMs.at(-1)} ms`);
  }
  const row: BenchRow = {
    what: `the two views of ${STEP_VIEWS.batch} pictures of ${STEP_VIEWS.source}²`,
    unit: 'ms',
    ours: median(drawn.map(run => run.ms_per_batch)),
    theirs: median(stepMs),
    against: 'our training step on them, ResNet-18',
    aim: { atMost: LARGEST_SHARE },
  };
  return { row, drawn, stepMs };
}

/** Writes `bench/results/views.json`, or `--out`, and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      steps: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      once: { type: 'string' },
      out: { type: 'string', default: resultFile('views') },
    },
  });
  const [runs, seconds, steps, threads] = [values.runs, values.seconds, values.steps, values.threads].map(Number);
  const sizes = { runs, seconds, steps, threads } as Sizes;
  if (values.once !== undefined) {
    const { runViews } = await import('./lib/our-views.ts');
    console.log(JSON.stringify(await runViews(JSON.parse(values.once) as ViewsSetting, sizes.seconds)));
    return;
  }
  const settings: Comparison[] = [];
  for (const question of QUESTIONS) settings.push(await compare(question, sizes));
  const { row, ...stepRuns } = await share(sizes);
  const result: BenchResult & object = {
    bench: 'views',
    rows: [...settings.flatMap(setting => setting.rows), row],
    ...{ ...sizes, settings, step: { ...STEP, ...stepRuns } },
  };
  await saveResult(result, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
