/** For tests: a little of everything that a version of the library must do. */

import type { EngineProbe } from '../engine/install/probe-process.ts';
import { probeEngine } from '../engine/probe.ts';
import { compile } from './compile.ts';
import { fusedSample } from './fused-sample.ts';
import { nativeOp } from './native.ts';
import { normal, rngFromSeed, uniform } from './rng.ts';
import { train } from './small-net.ts';
import { type Tensor, tf } from './tf.ts';

export interface LibrarySample {
  readonly probe: EngineProbe;
  readonly drawn: number[];
  readonly losses: number[];
  readonly fused: number[];
  /** An op that does not fit, eagerly and compiled; a read and an unknown shape in a compiled function. */
  readonly errors: string[];
}

export async function librarySample(): Promise<LibrarySample> {
  const rng = rngFromSeed(42);
  const wrong = (x: Tensor): Tensor => nativeOp('MatMul', [x, x], { T: { dtype: 'float32' } });
  const x = tf.ones([2, 3]);
  const errors = [
    () => wrong(x),
    () => compile(wrong)(x),
    () => compile((y: Tensor) => y.add(y.arraySync() as number[][]))(x),
    () => compile((y: Tensor) => tf.unique(y.reshape([6])).values)(x),
  ];
  return {
    probe: probeEngine(),
    drawn: [uniform(rng, [3]), normal(rng, [3])].flatMap(tensor => [...tensor.dataSync()]),
    losses: (await train(10, true)).losses,
    fused: (await fusedSample()).numbers,
    errors: await Promise.all(errors.map(messageOf)),
  };
}

async function messageOf(body: () => unknown): Promise<string> {
  try {
    await body();
    return 'no error';
  } catch (error) {
    return (error as Error).message;
  }
}
