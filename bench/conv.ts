/**
 * A 3×3 convolution and its gradients with the library's explicit padding, with `SAME`, with zeros put around first, and as `conv2d` of `@ssl/core` does it.
 *
 *     pnpm bench conv
 *     node bench/conv.ts --rounds 2 --batch 2 --out /dev/null     # does it run?
 *
 * The measurement behind `packages/core/src/ops/conv.ts` and `winograd.ts`; no twin. All ways pad as PyTorch's `padding=1` does and are checked to
 * give the same numbers; `SAME` does so at stride 1 only. Each is a graph of its own in one process, by turns.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import {
  type AttributeValue,
  compile,
  conv2d,
  nativeOp,
  normal,
  rngFromSeed,
  type Tensor,
  tf,
  vectorJacobian,
} from '@ssl/core';
import { probeEngine } from '@ssl/core/engine';
import { type BenchResult, type BenchRow, resultFile, saveResult } from './lib/result.ts';
import { type Summary, summary } from './lib/summary.ts';

interface Setting {
  readonly batch: number;
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

/** Of a ResNet-18 on pictures of 32 pixels; and the last ones of a ResNet-50 on pictures of 224. */
const SETTINGS: readonly Omit<Setting, 'batch'>[] = [
  { size: 32, inputs: 64, outputs: 64, stride: 1 },
  { size: 32, inputs: 64, outputs: 128, stride: 2 },
  { size: 16, inputs: 128, outputs: 128, stride: 1 },
  { size: 16, inputs: 128, outputs: 256, stride: 2 },
  { size: 8, inputs: 256, outputs: 256, stride: 1 },
  { size: 4, inputs: 512, outputs: 512, stride: 1 },
  { size: 14, inputs: 256, outputs: 256, stride: 1 },
  { size: 7, inputs: 512, outputs: 512, stride: 1 },
];
const PARTS = ['forward', 'inputGradient', 'filterGradient'] as const;
const KERNEL = 3;
/** Products are summed in another order. */
const TOLERANCE = 1e-4;

type Part = (typeof PARTS)[number];
type Operands = readonly [images: Tensor, filter: Tensor, gradientOfResult: Tensor];
type Way = Readonly<Record<Part, (...operands: Operands) => Tensor>>;

function attributes(stride: number, padding: 'EXPLICIT' | 'SAME' | 'VALID'): Record<string, AttributeValue> {
  return {
    T: { dtype: 'float32' },
    strides: { ints: [1, stride, stride, 1] },
    padding,
    explicit_paddings: { ints: padding === 'EXPLICIT' ? [0, 0, 1, 1, 1, 1, 0, 0] : [] },
    dilations: { ints: [1, 1, 1, 1] },
    data_format: 'NHWC',
    use_cudnn_on_gpu: true,
  };
}

const shapeOf = (shape: readonly number[]): Tensor => tf.tensor1d([...shape], 'int32');

/** The library pads by itself. */
function byLibrary({ stride }: Setting, padding: 'EXPLICIT' | 'SAME'): Way {
  const attrs = attributes(stride, padding);
  return {
    forward: (x, w) => nativeOp('Conv2D', [x, w], attrs),
    inputGradient: (x, w, dy) => nativeOp('Conv2DBackpropInput', [shapeOf(x.shape), w, dy], attrs),
    filterGradient: (x, w, dy) => nativeOp('Conv2DBackpropFilter', [x, shapeOf(w.shape), dy], attrs),
  };
}

/** As a network gets it: above some sizes by minimal filtering. Gradients, then the result; a graph leaves out the pass that only the tape asked for. */
function byCore({ stride }: Setting): (...operands: Operands) => Tensor[] {
  const convolve = (x: Tensor, w: Tensor): Tensor => conv2d(x, w, { stride, padding: 1 });
  return (x, w, dy) => [...vectorJacobian((a, b) => convolve(a!, b!), [x, w], dy), convolve(x, w)];
}

/** Zeros around the images as far as the windows reach, and no padding. */
function padded({ size, stride, batch, inputs }: Setting): Way {
  const attrs = attributes(stride, 'VALID');
  const length = (Math.floor((size + 2 - KERNEL) / stride) + 1 - 1) * stride + KERNEL;
  const side: [number, number] = [1, length - 1 - size];
  const around = (x: Tensor): Tensor => tf.pad(x, [[0, 0], side, side, [0, 0]]);
  const shape = shapeOf([batch, length, length, inputs]);
  return {
    forward: (x, w) => nativeOp('Conv2D', [around(x), w], attrs),
    inputGradient: (x, w, dy) => nativeOp('Conv2DBackpropInput', [shape, w, dy], attrs).slice([0, 1, 1, 0], x.shape),
    filterGradient: (x, w, dy) => nativeOp('Conv2DBackpropFilter', [around(x), shapeOf(w.shape), dy], attrs),
  };
}

interface Timing {
  readonly ms: Summary;
  readonly cpuMs: Summary;
}

type Steps = ReadonlyMap<string, (...operands: Operands) => Tensor[]>;

async function measured(what: string, steps: Steps, operands: Operands, rounds: number) {
  const graphs = new Map([...steps].map(([name, step]) => [name, compile(step)]));
  await checkSame(what, graphs, operands); // which also builds them
  const times = new Map([...graphs.keys()].map(name => [name, { ms: [] as number[], cpuMs: [] as number[] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, graph] of graphs) {
      const [start, cpu] = [performance.now(), process.cpuUsage()];
      tf.dispose(await graph(...operands));
      const { user, system } = process.cpuUsage(cpu);
      times.get(name)!.ms.push(performance.now() - start);
      times.get(name)!.cpuMs.push((user + system) / 1000);
    }
  }
  for (const graph of graphs.values()) graph.dispose();
  const timings = [...times].map(([name, { ms, cpuMs }]): [string, Timing] => [
    name,
    { ms: summary(ms), cpuMs: summary(cpuMs) },
  ]);
  return Object.fromEntries(timings);
}

/** Fast and wrong is no way. */
async function checkSame(
  what: string,
  graphs: ReadonlyMap<string, (...operands: Operands) => Promise<Tensor[]>>,
  operands: Operands,
): Promise<void> {
  const results = new Map<string, Tensor[]>();
  for (const [name, graph] of graphs) results.set(name, await graph(...operands));
  const expected = results.get('explicit')!;
  for (const [name, tensors] of results) {
    for (const [i, tensor] of tensors.entries()) {
      const other = expected[i]!;
      const error = tf.tidy(() => tensor.sub(other).abs().max().div(other.abs().max()).dataSync()[0]!);
      if (!(error < TOLERANCE))
        throw new Error(`bench conv: ${what} by ${name} must be as by explicit; differs by ${error}`);
    }
  }
  tf.dispose([...results.values()]);
}

async function measure(setting: Setting, rounds: number) {
  const { batch, size, inputs, outputs, stride } = setting;
  const rng = rngFromSeed(1);
  const shapes = [
    [batch, size, size, inputs],
    [KERNEL, KERNEL, inputs, outputs],
    [batch, size / stride, size / stride, outputs],
  ];
  const operands = shapes.map(shape => normal(rng, shape)) as unknown as Operands;
  const ways = new Map([['explicit', byLibrary(setting, 'EXPLICIT')]]);
  if (stride === 1) ways.set('same', byLibrary(setting, 'SAME'));
  ways.set('padded', padded(setting));
  const times = async (what: string, steps: Steps): Promise<Record<string, Timing>> => {
    const found = await measured(what, steps, operands, rounds);
    const list = Object.entries(found).map(([name, { ms }]) => `${name} ${ms.median} ms`);
    console.error(`${size}², ${inputs} to ${outputs} channels, stride ${stride}, ${what}: ${list.join(', ')}`);
    return found;
  };
  const parts: Record<string, Record<string, Timing>> = {};
  for (const part of PARTS) {
    parts[part] = await times(part, new Map([...ways].map(([name, way]) => [name, (...o) => [way[part](...o)]])));
  }
  const both = (way: Way, ...o: Operands): Tensor[] => [way.inputGradient(...o), way.filterGradient(...o)];
  const whole: Steps = new Map([
    ...[...ways].map(([name, way]) => [name, (...o: Operands) => [...both(way, ...o), way.forward(...o)]] as const),
    ['conv2d', byCore(setting)],
  ]);
  const together = await times('forward and gradients', whole);
  tf.dispose([...operands]);
  return { ...setting, parts, together };
}

/** Against the library with explicit padding and, where that means the same, with its own. */
function rowsOf({ size, inputs, outputs, stride, together }: Awaited<ReturnType<typeof measure>>): BenchRow[] {
  const { conv2d: ours, padded: _, ...others } = together;
  return Object.entries(others).map(([name, { ms }]) => ({
    what: `conv2d 3×3 and its gradients, ${inputs} to ${outputs} channels, ${size}², stride ${stride}`,
    unit: 'ms',
    ours: ours!.ms.median,
    theirs: ms.median,
    against: `the library, ${name} padding`,
  }));
}

/** Writes `bench/results/conv.json` and prints it. */
export async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '15' },
      batch: { type: 'string', default: '128' },
      threads: { type: 'string', default: String(availableParallelism()) },
      out: { type: 'string', default: resultFile('conv') },
    },
  });
  process.env.SSL_THREADS = values.threads; // read when the engine starts, at the first op
  const [rounds, batch] = [+values.rounds, +values.batch];
  const settings = [];
  for (const setting of SETTINGS) settings.push(await measure({ ...setting, batch }, rounds));
  const versions = { engine: probeEngine().version };
  const result = {
    bench: 'conv',
    rows: settings.flatMap(rowsOf),
    threads: +values.threads,
    rounds,
    versions,
    settings,
  };
  await saveResult(result satisfies BenchResult, values.out);
  console.log(JSON.stringify(result, undefined, 2));
}

if (import.meta.main) await main(process.argv.slice(2));
