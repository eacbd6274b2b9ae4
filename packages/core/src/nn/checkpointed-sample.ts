/** For tests: a deep network of residual blocks with batch norm and drop-out, whose activations are kept or not, and its training steps. */
import { readFileSync } from 'node:fs';
import { relu } from '../ops/activation.ts';
import { compile } from '../tensor/compile.ts';
import { inContext, stepRng } from '../tensor/context.ts';
import { valueAndGradients } from '../tensor/gradients.ts';
import { bernoulli, normal, rngFromKey, rngFromSeed, stepKey } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { checkpointed } from './checkpointed.ts';
import { batchNorm, conv2d } from './layers.ts';
import { type Module, module, parametersOf, sequential, stateOf } from './module.ts';

export interface DeepOptions {
  readonly blocks?: number;
  readonly width?: number;
  /** How a block's activations are treated. */
  readonly treat?: (block: Module) => Module;
}

const rng = () => rngFromSeed(7);

function block(width: number): Module {
  const conv1 = conv2d(width, width, { rng: rng(), kernel: 3, padding: 1 });
  const bn1 = batchNorm(width);
  const conv2 = conv2d(width, width, { rng: rng(), kernel: 3, padding: 1 });
  const dropped = (x: Tensor): Tensor => x.mul(bernoulli(stepRng('drop-out'), x.shape, 0.8));
  return module(x => x.add(conv2(dropped(relu(bn1(conv1(x)))))), { conv1, bn1, conv2 });
}

export function deepNet({ blocks = 3, width = 4, treat = each => each }: DeepOptions = {}): Module {
  return sequential(...Array.from({ length: blocks }, () => treat(block(width))));
}

/** The loss with noise drawn after the network, gradients, and variables after it. */
export type DeepStep = { readonly loss: Tensor; readonly gradients: Tensor[] };

export function deepStep(net: Module): (x: Tensor, key: Tensor) => DeepStep {
  const trained = parametersOf(net.members);
  return (x, key) =>
    inContext({ training: true, rng: rngFromKey(key) }, () => {
      const loss = (): Tensor => {
        const y = net(x);
        return y
          .mul(normal(stepRng('noise'), y.shape))
          .mean()
          .add(y.square().mean());
      };
      const { value, gradients } = valueAndGradients(loss, trained);
      return { loss: value, gradients };
    });
}

/** Numbers of two steps: losses, gradients, and the variables after them. */
export async function deepNumbers(net: Module, compiled: boolean): Promise<number[][]> {
  const step = deepStep(net);
  const run = compile(step);
  const results: number[][] = [];
  for (let n = 0; n < 2; n++) {
    const x = normal(rngFromSeed(n), [2, 8, 8, 4]);
    const result = compiled ? await run(x, stepKey(0, n)) : tf.tidy(() => step(x, stepKey(0, n)));
    for (const tensor of [result.loss, ...result.gradients]) results.push([...tensor.dataSync()]);
    tf.dispose(result as never);
  }
  run.dispose();
  return [...results, ...[...stateOf(net.members).values()].map(variable => [...variable.values()])];
}

/** By how many MiB the memory of this process grows at the peak over a compiled step of many blocks on large maps. */
export async function deepGrowth(checkpoint: boolean): Promise<number> {
  const run = compile(deepStep(deepNet({ blocks: 12, width: 16, ...(checkpoint && { treat: checkpointed }) })));
  (await run(normal(rngFromSeed(1), [1, 8, 8, 16]), stepKey(0, 0))).loss.dataSync();
  const x = normal(rngFromSeed(1), [8, 96, 96, 16]);
  x.dataSync();
  const before = peakMb();
  (await run(x, stepKey(0, 0))).loss.dataSync();
  return peakMb() - before;
}

function peakMb(): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
}
