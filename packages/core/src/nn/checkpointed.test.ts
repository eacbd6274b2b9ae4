import { afterEach, describe, expect, test, vi } from 'vitest';
import { binding } from '../engine/binding.ts';
import { inContext } from '../tensor/context.ts';
import { normal, rngFromSeed, stepKey } from '../tensor/rng.ts';
import { runInChild } from '../tensor/run-in-child.ts';
import { tf } from '../tensor/tf.ts';
import { liveTensors } from '../tensor/variable.ts';
import { checkpointed } from './checkpointed.ts';
import { deepNet, deepNumbers, deepStep } from './checkpointed-sample.ts';
import { disposeMembers, stateOf } from './module.ts';

afterEach(() => void vi.restoreAllMocks());

describe('a checkpointed module', () => {
  test.each(['eager', 'compiled'])(
    'gives the same bits: losses, gradients, statistics, random numbers: %s',
    async way => {
      const plain = await deepNumbers(deepNet(), way === 'compiled');
      expect(await deepNumbers(deepNet({ treat: checkpointed }), way === 'compiled')).toEqual(plain);
      const nested = checkpointed(deepNet({ treat: checkpointed }));
      expect(await deepNumbers(nested, way === 'compiled')).toEqual(plain);
    },
  );

  test('keeps the names of its variables', () => {
    const names = (net: ReturnType<typeof deepNet>): string[] => [...stateOf(net.members).keys()];
    expect(names(deepNet({ treat: checkpointed }))).toEqual(names(deepNet()));
  });

  test('runs a second time in the backward pass, and once where there is none', () => {
    const net = deepNet({ treat: checkpointed });
    const x = normal(rngFromSeed(1), [2, 8, 8, 4]);
    const executed = vi.spyOn(binding, 'executeOp');
    const convolutions = (run: () => unknown): number => {
      executed.mockClear();
      tf.tidy(() => void run());
      return executed.mock.calls.filter(([name]) => name === 'Conv2D').length;
    };
    expect(convolutions(() => deepStep(deepNet())(x, stepKey(0, 0)))).toBe(6);
    expect(convolutions(() => deepStep(net)(x, stepKey(0, 0)))).toBe(12);
    expect(convolutions(() => inContext({ rng: rngFromSeed(1) }, () => net(x)))).toBe(6);
  });

  test('leaves nothing behind', () => {
    const before = liveTensors();
    const net = deepNet({ treat: checkpointed });
    const x = normal(rngFromSeed(1), [2, 8, 8, 4]);
    x.dataSync();
    const held = liveTensors();
    for (let i = 0; i < 3; i++) tf.tidy(() => void deepStep(net)(x, stepKey(0, i)).loss.dataSync());
    expect(liveTensors()).toBe(held);
    disposeMembers(net.members);
    x.dispose();
    expect(liveTensors()).toBe(before);
  });

  test('takes less memory in a compiled step: the second run is not merged with the first', async () => {
    const growth = (checkpoint: boolean): Promise<number> =>
      runInChild(new URL('./checkpointed-sample.ts', import.meta.url), `m.deepGrowth(${checkpoint})`);
    const [plain, less] = [await growth(false), await growth(true)];
    expect(less).toBeLessThan(0.6 * plain);
  });
});
