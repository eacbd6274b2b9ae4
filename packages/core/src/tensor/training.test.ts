import { describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { runInChild } from './run-in-child.ts';
import { digest, smallBatch, smallNet, train } from './small-net.ts';

const STEPS = 20;

describe('twenty training steps', () => {
  test('agree to 1e-5 of the largest value, eager and compiled', async () => {
    const [eager, compiled] = [await train(STEPS, false), await train(STEPS, true)];
    expect(eager.losses[0]).toBeGreaterThan(1.3);
    for (const [i, values] of eager.values.entries()) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const apart = values.reduce((most, value, j) => Math.max(most, Math.abs(value - compiled.values[i]![j]!)), 0);
      expect(largest).toBeGreaterThan(1e-3);
      expect(apart / largest).toBeLessThan(1e-5);
    }
    for (const [i, loss] of eager.losses.entries()) expect(Math.abs(compiled.losses[i]! / loss - 1)).toBeLessThan(1e-5);
  });

  test('of the same compiled function from the same state end in the same bits', async () => {
    const { step, variables } = smallNet();
    const run = compile(step);
    const batches = Array.from({ length: 5 }, (_, i) => smallBatch(i));
    const start = variables.map(variable => variable.values());
    const losses = async (): Promise<number[]> => {
      const found: number[] = [];
      for (const [images, labels] of batches) found.push((await run(images, labels)).loss.dataSync()[0]!);
      return found;
    };
    const first = { losses: await losses(), values: variables.map(variable => variable.values() as Float32Array) };
    variables.forEach((variable, i) => {
      variable.load(start[i]!);
    });
    const second = { losses: await losses(), values: variables.map(variable => variable.values() as Float32Array) };
    expect(digest(second)).toBe(digest(first));
    expect(first.values).not.toEqual(start);
    expect(run.graphs).toBe(1);
  });

  test('end in the same bits every time, in another process too', async () => {
    const first = digest(await train(STEPS, true));
    expect(digest(await train(STEPS, true))).toBe(first);
    expect(digest(await train(STEPS - 1, true))).not.toBe(first);
    const other = new URL('./small-net.ts', import.meta.url);
    expect(await runInChild(other, `m.train(${STEPS}, true).then(m.digest)`)).toBe(first);
  });
});
