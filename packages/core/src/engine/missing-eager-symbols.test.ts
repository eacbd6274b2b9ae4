import { expect, test, vi } from 'vitest';

vi.mock('./symbols.ts', async original => {
  const symbols = await original<typeof import('./symbols.ts')>();
  const more = Object.fromEntries([1, 2, 3, 4, 5].map(i => [`TF_NotThere${i}`, `void TF_NotThere${i}()`]));
  return { ...symbols, eagerSymbols: { ...symbols.eagerSymbols, ...more } };
});

const { EngineError } = await import('../errors.ts');
const { probeEngine } = await import('./probe.ts');

test('a library without the C API is refused with what it lacks and what to do, each time it is tried', () => {
  for (const _ of [1, 2]) {
    expect(() => probeEngine()).toThrow(EngineError);
    expect(() => probeEngine()).toThrow(
      /must export the TensorFlow C API; it lacks TF_NotThere1, TF_NotThere2, TF_NotThere3, TF_NotThere4, … \(5\); install another version: npx @ssl\/cli engine install/,
    );
  }
});
