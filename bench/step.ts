/**
 * A full SimCLR training step on given images (forward, NT-Xent, backward, SGD) as one graph, against PyTorch with lightly's loss
 * (`bench/torch/step.py`) in both memory layouts: each in a fresh process, by turns.
 *
 *     node bench/step.ts --rounds 3 --steps 8
 *     node bench/step.ts --rounds 1 --steps 3 --warmup 1 --networks resnet18 --images 16     # does it run?
 *
 * Both sides have the same network, head (D → D, batch norm, ReLU → 128), loss and optimizer. The first steps of a process are dropped:
 * ours builds its graph in the first one.
 */
import { parseArgs } from 'node:util';
import {
  flagsOf,
  machine,
  ourProcess,
  peakMb,
  report,
  rounded,
  smallest,
  summary,
  twinProcess,
} from './lib/compare.ts';

interface Setting {
  readonly model: 'resnet18' | 'resnet50';
  readonly stem: 'cifar' | 'imagenet';
  /** Pictures that go through the network at once: both views of half as many. */
  readonly images: number;
  readonly size: number;
}

const SETTINGS: readonly Setting[] = [
  { model: 'resnet18', stem: 'cifar', images: 128, size: 32 },
  { model: 'resnet50', stem: 'imagenet', images: 16, size: 224 },
];

/** What a process prints. */
interface Run {
  /** Every step, the first ones too. */
  readonly ms: readonly number[];
  readonly cpu_ms?: readonly number[];
  readonly peak_mb: number;
  readonly loss: number;
  readonly engine?: string;
  readonly torch?: string;
}

const WAYS = ['ours', 'contiguous', 'channels_last'] as const;
type Way = (typeof WAYS)[number];
type Runs = Readonly<Record<Way, readonly Run[]>>;

interface Sizes {
  readonly rounds: number;
  readonly steps: number;
  readonly warmup: number;
  readonly threads: number;
}

/** Builds the step and runs it `steps` times. */
async function once({ model, stem, images, size }: Setting, steps: number): Promise<Run> {
  const core = await import('@ssl/core');
  const { sgd } = await import('@ssl/core/optim');
  const { ntXent } = await import('@ssl/simclr');
  const { compile, inContext, mlp, normal, parametersOf, rngFromSeed, tf, valueAndGradients } = core;
  const net = core.backbone(model, { stem, seed: 1, zeroInitLast: false }); // torchvision's default
  const head = mlp([net.outDim, net.outDim, 128], { rng: rngFromSeed(2) });
  const trained = parametersOf({ net, head });
  const optimizer = sgd({ momentum: 0.9, exclude: () => false })(trained); // PyTorch decays all
  const step = compile((x: core.Tensor, learningRate: core.Tensor, weightDecay: core.Tensor, update: core.Tensor) =>
    inContext({ training: true }, () => {
      const { value, gradients } = valueAndGradients(() => ntXent(head(net(x)), { temperature: 0.5 }), trained);
      optimizer.apply(gradients, { learningRate, weightDecay, step: update });
      return value;
    }),
  );
  const input = [
    normal(rngFromSeed(3), [images, size, size, 3]),
    tf.scalar(0.03),
    tf.scalar(1e-4),
    tf.scalar(1),
  ] as const;
  const [ms, cpu_ms]: [number[], number[]] = [[], []];
  let loss = Number.NaN;
  for (let i = 0; i < steps; i++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const value = await step(...input);
    loss = value.dataSync()[0]!;
    value.dispose();
    const { user, system } = process.cpuUsage(cpu);
    ms.push(rounded(performance.now() - start));
    cpu_ms.push(rounded((user + system) / 1000));
  }
  const peak_mb = rounded(peakMb());
  const { probeEngine } = await import('@ssl/core/engine');
  return { ms, cpu_ms, peak_mb, loss, engine: probeEngine().version };
}

async function compare(setting: Setting, { rounds, steps, warmup, threads }: Sizes): Promise<object> {
  const runs: Record<Way, Run[]> = { ours: [], contiguous: [], channels_last: [] };
  const flags = flagsOf({ ...setting, steps });
  for (let round = 1; round <= rounds; round++) {
    for (const way of WAYS) {
      const result =
        way === 'ours'
          ? await ourProcess<Run>('step.ts', ['--once', JSON.stringify(setting), ...flagsOf({ steps })], threads)
          : await twinProcess<Run>('step.py', [...flags, '--layout', way], threads);
      runs[way].push(result);
      const { median } = summary(result.ms.slice(warmup));
      console.error(`${setting.model}, round ${round} of ${rounds}, ${way}: ${median} ms, ${result.peak_mb} MiB`);
    }
  }
  return {
    ...setting,
    ...comparison(runs, warmup),
    versions: { engine: runs.ours[0]!.engine, torch: runs.contiguous[0]!.torch },
  };
}

/** Ours over PyTorch's faster layout, in time and in peak memory; below 1 is better. */
function comparison(runs: Runs, warmup: number): object {
  const of = <T>(value: (way: Way) => T): Record<Way, T> =>
    Object.fromEntries(WAYS.map(way => [way, value(way)])) as Record<Way, T>;
  const ms = of(way => summary(runs[way].flatMap(run => run.ms.slice(warmup))));
  const peak = of(way => summary(runs[way].map(run => run.peak_mb)));
  const faster = smallest({ contiguous: ms.contiguous.median, channels_last: ms.channels_last.median });
  const rounds = runs.ours.map((own, i) => {
    const medians = of(way => summary(runs[way][i]!.ms.slice(warmup)).median);
    return rounded(summary(own.ms.slice(warmup)).median / Math.min(medians.contiguous, medians.channels_last));
  });
  return {
    fasterLayout: faster,
    timeRatio: rounded(ms.ours.median / ms[faster].median),
    timeRatioByRound: rounds,
    peakRatio: rounded(peak.ours.median / peak[faster].median),
    ms,
    cpuMs: summary(runs.ours.flatMap(run => run.cpu_ms!.slice(warmup))),
    peakMb: peak,
    firstMs: of(way => summary(runs[way].map(run => run.ms[0]!))),
  };
}

/** Writes `bench/results/step.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { availableParallelism } = await import('node:os');
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '3' },
      steps: { type: 'string', default: '8' },
      warmup: { type: 'string', default: '3' },
      threads: { type: 'string', default: String(availableParallelism()) },
      networks: { type: 'string', default: SETTINGS.map(({ model }) => model).join() },
      images: { type: 'string' },
      size: { type: 'string' },
      once: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const [rounds, steps, warmup, threads] = [values.rounds, values.steps, values.warmup, values.threads].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (values.once !== undefined) {
    console.log(JSON.stringify(await once(JSON.parse(values.once) as Setting, steps)));
    return;
  }
  const chosen = SETTINGS.filter(({ model }) => values.networks.split(',').includes(model));
  const networks: object[] = [];
  for (const setting of chosen) {
    const images = values.images === undefined ? setting.images : Number(values.images);
    const size = values.size === undefined ? setting.size : Number(values.size);
    networks.push(await compare({ ...setting, images, size }, { rounds, steps, warmup, threads }));
  }
  await report('step', { machine: machine(threads), rounds, steps, warmup, networks }, values.out);
}

if (import.meta.main) await main(process.argv.slice(2));
