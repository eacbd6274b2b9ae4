import { describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import type { LeakReport } from './leak-run.ts';
import { runInChild } from './run-in-child.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

/** Arenas of the allocators and V8's heap breathe by a few MiB; one 64-KiB tensor leaked a step would be 62. */
const BREATHING = 12 * 2 ** 20;

describe('nothing leaks', () => {
  test('a thousand training steps keep the number of native tensors and the memory flat', async () => {
    const module = new URL('./leak-run.ts', import.meta.url);
    const report = await runInChild<LeakReport>(module, 'm.leakRun(200, 1000)', {}, ['--expose-gc']);
    expect(report.counts).toHaveLength(1);
    expect(report.resident[1] - report.resident[0]).toBeLessThan(BREATHING);
    expect(report.loss).toBeLessThan(0.2); // it did train
  });

  test('eager ops in a tidy free all but what they return', () => {
    const x = tf.ones([4, 4]).add(0);
    const before = liveTensors();
    for (let i = 0; i < 50; i++) {
      tf.tidy(() => tf.concat(tf.split(x.matMul(x), 2), 1).sum());
    }
    expect(liveTensors()).toBe(before + 50);
  });

  test('graphs and variables that come and go', async () => {
    const large = tf.ones([130, 130]).add(0);
    const before = liveTensors();
    for (let i = 0; i < 20; i++) {
      const v = new Variable(large);
      const body = compile((x: Tensor) => v.read().add(large).mul(x).sum());
      const x = tf.scalar(i);
      const result = await body(x);
      expect(liveTensors()).toBe(before + 5); // v, x, the result, and what the graph holds of v and of `large`
      body.dispose();
      tf.dispose([x, result]);
      v.dispose();
    }
    expect(liveTensors()).toBe(before);
  });
});
