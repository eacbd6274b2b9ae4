import { expect, test, vi } from 'vitest';

// As with a library older than 2.10 or a reduced one: all that eager ops need, but not all that graphs need.
vi.mock('./symbols.ts', async original => {
  const symbols = await original<typeof import('./symbols.ts')>();
  return { ...symbols, graphSymbols: { ...symbols.graphSymbols, TF_NotThere: 'void TF_NotThere()' } };
});

const { compile } = await import('../tensor/compile.ts');
const { fused } = await import('../tensor/fused.ts');
const { tf } = await import('../tensor/tf.ts');
const { probeEngine } = await import('./probe.ts');

test('a library that cannot build graphs runs ops, and says what it lacks when asked to compile', async () => {
  expect(tf.ones([3]).sum().dataSync()[0]).toBe(3);
  const compiled = compile(() => tf.ones([2]), 'step');
  await expect(compiled()).rejects.toThrow(
    /^step_0: needs a library that can build graphs; version 2.* lacks TF_NotThere; run eagerly, or install/,
  );
});

test('fused ops fall back to the plain ops there', () => {
  const square = fused(x => tf.mul(x, x), { name: 'square' });
  expect([...square(tf.tensor1d([3])).dataSync()]).toEqual([9]);
  expect(probeEngine()).toMatchObject({ xla: false, missingSymbols: ['TF_NotThere'] });
});
