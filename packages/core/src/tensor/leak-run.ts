/** For tests: a thousand small training steps, watching how many native tensors live and how much memory they take. */
import { compile } from './compile.ts';
import { fused } from './fused.ts';
import { valueAndGradients } from './gradients.ts';
import { nativeOp } from './native.ts';
import { normal, rngFromKey, stepKey } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

const WIDTH = 128; // a tensor of 64 KiB: a thousand leaked ones are 64 MiB

export interface LeakReport {
  /** Native tensors alive after each step, without repetition. */
  readonly counts: number[];
  /** Resident bytes after the warm-up and at the end. */
  readonly resident: [number, number];
  readonly loss: number;
}

/** Compiled training steps with reads, eager ones now and then, errors now and then, and results that are dropped. */
export async function leakRun(warmUp: number, steps: number): Promise<LeakReport> {
  const weight = new Variable(tf.tidy(() => tf.eye(WIDTH).mul(0.5)));
  const moment = new Variable(tf.zeros([WIDTH, WIDTH]), { kind: 'buffer' });
  const swish = fused(x => x.mul(tf.sigmoid(x)), { name: 'swish' });
  const step = (x: Tensor, key: Tensor): { loss: Tensor; copy: Tensor } => {
    const noise = normal(rngFromKey(key), [WIDTH, WIDTH], 0, 0.01);
    const loss = (): Tensor => swish(x.add(noise).matMul(weight.read())).sub(x).square().mean();
    const { value, gradients } = valueAndGradients(loss, [weight]);
    const attrs = { T: { dtype: 'float32' }, use_locking: false, use_nesterov: false } as const;
    weight.update('ResourceApplyMomentum', [tf.scalar(0.1), gradients[0]!, tf.scalar(0.9)], attrs, [moment]);
    return { loss: value, copy: weight.read() };
  };
  const compiled = compile(step);
  const x = tf.randomUniform([WIDTH, WIDTH], -1, 1, 'float32', 3);
  const counts = new Set<number>();
  let resident = 0;
  let loss = 0;
  for (let i = 0; i < warmUp + steps; i++) {
    const key = stepKey(1, i);
    const result = i % 10 === 9 ? tf.tidy(() => step(x, key)) : await compiled(x, key);
    loss = result.loss.dataSync()[0]!;
    tf.dispose([key, result]);
    weight.values();
    if (i % 10 === 5) failSomehow();
    if (i === warmUp - 1) resident = residentBytes();
    if (i >= warmUp) counts.add(liveTensors());
  }
  return { counts: [...counts], resident: [resident, residentBytes()], loss };
}

function failSomehow(): void {
  try {
    tf.tidy(() => nativeOp('MatMul', [tf.ones([2, 3]), tf.ones([WIDTH, WIDTH])], { T: { dtype: 'float32' } }));
  } catch {
    return;
  }
  throw new Error('must fail');
}

function residentBytes(): number {
  (globalThis as { gc?: () => void }).gc!(); // node --expose-gc
  return process.memoryUsage.rss();
}
