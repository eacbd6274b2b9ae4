/** One run of `bench/memory.ts`. On its own, so that whoever only starts processes does not load the engine. */
import { backbone, byteTensor, type Method, type StepInput, stepKey, tf, trainStep } from '@ssl/core';
import { sgd } from '@ssl/core/optim';
import { simclr, simclrViews } from '@ssl/simclr';
import { peakMb, rounded } from './summary.ts';

export interface MemorySetting {
  readonly model: string;
  /** Of a batch; two views of each go through the network. */
  readonly pictures: number;
  /** Side of a view, pixels. */
  readonly size: number;
  /** Pictures that go through the network at once; 0 for all in one graph. */
  readonly microBatchSize: number;
  readonly gradCheckpointing: boolean;
}

export interface MemoryRun {
  readonly ms: readonly number[];
  readonly cpu_ms: readonly number[];
  readonly peak_mb: number;
  /** With everything loaded and the network made. */
  readonly idle_mb: number;
  readonly loss: number;
}

function methodOf({ model, size, gradCheckpointing }: MemorySetting): Method {
  const net = backbone(model, { seed: 1, zeroInitLast: false, gradCheckpointing });
  return simclr({ backbone: net, views: simclrViews({ size }), seed: 2 });
}

function inputOf({ pictures, size }: MemorySetting, step: number): StepInput {
  const pixels = Uint8Array.from({ length: pictures * size * size * 3 }, (_, i) => (i * 7 + (i >> 5) * 13) % 256);
  return {
    images: byteTensor(pixels, [pictures, size, size, 3]),
    sizes: tf.fill([pictures, 2], size),
    indices: tf.range(0, pictures, 1, 'int32'),
    labels: [],
    drawn: {},
    key: stepKey(0, step),
    learningRate: tf.scalar(0.03),
    weightDecay: tf.scalar(1e-4),
    update: tf.scalar(step + 1),
    fraction: tf.scalar(0),
    epoch: tf.scalar(0),
    scheduled: {},
  };
}

export async function runMemory(setting: MemorySetting, steps: number): Promise<MemoryRun> {
  const { microBatchSize } = setting;
  const method = methodOf(setting);
  const idle_mb = peakMb(); // before moments and sums of gradients
  const step = trainStep(method, { optimizer: sgd(), ...(microBatchSize > 0 && { microBatchSize }) });
  const [ms, cpu_ms]: [number[], number[]] = [[], []];
  let loss = Number.NaN;
  for (let n = 0; n < steps; n++) {
    const input = inputOf(setting, n);
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const metrics = await step.run(input);
    loss = metrics.loss!.dataSync()[0]!;
    const { user, system } = process.cpuUsage(cpu);
    ms.push(rounded(performance.now() - start));
    cpu_ms.push(rounded((user + system) / 1000));
    tf.dispose([metrics, input] as never);
  }
  return { ms, cpu_ms, peak_mb: peakMb(), idle_mb, loss };
}
