/** Our side of `bench/step.ts`. On its own, so that whoever only starts processes does not load the engine. */
import {
  backbone,
  compile,
  inContext,
  mlp,
  normal,
  parametersOf,
  rngFromSeed,
  type Tensor,
  tf,
  valueAndGradients,
} from '@ssl/core';
import { probeEngine } from '@ssl/core/engine';
import { adamw, sgd } from '@ssl/core/optim';
import { ntXent } from '@ssl/simclr';
import type { TimedRun } from './layouts.ts';
import { peakMb, rounded } from './summary.ts';

export interface StepSetting {
  readonly model: 'resnet18' | 'resnet50' | 'vit_tiny_patch16_224' | 'convnext_atto';
  /** Of a ResNet. */
  readonly stem?: 'cifar' | 'imagenet';
  /** Of a vision transformer. */
  readonly patchSize?: number;
  /** Pictures that go through the network at once: both views of half as many. */
  readonly images: number;
  readonly size: number;
}

export interface StepRun extends TimedRun {
  /** With everything loaded and nothing made. */
  readonly idle_mb?: number;
  readonly loss: number;
  readonly engine?: string;
  readonly torch?: string;
}

/** The whole step as one graph: `[images, learning rate, weight decay, number of the update]` to the loss. */
function simclrStep(setting: StepSetting): (...input: readonly Tensor[]) => Promise<Tensor> {
  const { model, stem, size, patchSize } = setting;
  const ofFamily = patchSize ? { patchSize, imgSize: size } : stem ? { stem, zeroInitLast: false } : {}; // as in torchvision
  const net = backbone(model as string, { seed: 1, ...ofFamily });
  const head = mlp([net.outDim, net.outDim, 128], { rng: rngFromSeed(2) });
  const trained = parametersOf({ net, head });
  const likePyTorch = { exclude: () => false }; // all decay alike
  const optimizer = (stem ? sgd({ momentum: 0.9, ...likePyTorch }) : adamw(likePyTorch))(trained);
  return compile((...input: readonly Tensor[]) =>
    inContext({ training: true }, () => {
      const [images, learningRate, weightDecay, step] = input as [Tensor, Tensor, Tensor, Tensor];
      const loss = (): Tensor => ntXent(head(net(images)), { temperature: 0.5 });
      const { value, gradients } = valueAndGradients(loss, trained);
      optimizer.apply(gradients, { learningRate, weightDecay, step });
      return value;
    }),
  );
}

/** Builds the step and runs it `steps` times on the same images. */
export async function runSteps(setting: StepSetting, steps: number): Promise<StepRun> {
  tf.tidy(() => tf.zeros([1]).add(1).dataSync()); // loads the engine
  const idle_mb = peakMb();
  const run = simclrStep(setting);
  const { images, size } = setting;
  const input = [
    normal(rngFromSeed(3), [images, size, size, 3]),
    tf.scalar(setting.stem ? 0.03 : 1e-3),
    tf.scalar(1e-4),
    tf.scalar(1),
  ];
  const [ms, cpu_ms]: [number[], number[]] = [[], []];
  let loss = Number.NaN;
  for (let i = 0; i < steps; i++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const value = await run(...input);
    loss = value.dataSync()[0]!;
    value.dispose();
    const { user, system } = process.cpuUsage(cpu);
    ms.push(rounded(performance.now() - start));
    cpu_ms.push(rounded((user + system) / 1000));
  }
  const peak_mb = peakMb(); // before the probe, which compiles something
  return { ms, cpu_ms, peak_mb, idle_mb, loss, engine: probeEngine().version };
}
