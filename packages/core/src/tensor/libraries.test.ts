import { delimiter } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LibrarySample } from './library-sample.ts';
import { runInChild } from './run-in-child.ts';

/** Folders of several versions of the library, as `SSL_ENGINE_DIR` takes one. */
const folders = (process.env.SSL_TEST_ENGINES ?? '').split(delimiter).filter(folder => folder !== '');
if (folders.length === 0) {
  console.info('skipped: set SSL_TEST_ENGINES to folders of the native library to test each of them');
}

describe.skipIf(folders.length === 0)('every version of the library', () => {
  const samples = folders.map(folder =>
    runInChild<LibrarySample>(new URL('./library-sample.ts', import.meta.url), 'm.librarySample()', {
      SSL_ENGINE_DIR: folder,
    }),
  );

  test.each(folders.map((folder, i) => [folder, i] as const))('%s', async (_, i) => {
    const { probe, losses, errors } = await samples[i]!;
    console.info(`${probe.version}: XLA ${probe.xla}, ${probe.devices.map(({ type }) => type).join(', ')}`);
    expect(probe.missingSymbols).toEqual([]);
    expect(probe.xla).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    expect(errors[0]).toMatch(/^op 'MatMul' on float32\[2,3\], float32\[2,3\]: /);
    expect(errors[1]).toMatch(/^op 'MatMul' on float32\[2,3\], float32\[2,3\] in a compiled function: /);
    expect(errors[2]).toContain("the output of op 'argument' was");
    expect(errors[3]).toContain("output 0 of op 'UniqueV2' is [-1]");
  });

  test('draws the same numbers, and trains to nearly the same', async () => {
    const [first, ...others] = await Promise.all(samples);
    for (const other of others) {
      expect(other.drawn).toEqual(first!.drawn);
      for (const part of ['losses', 'fused'] as const) {
        for (const [i, value] of other[part].entries()) expect(value).toBeCloseTo(first![part][i]!, 4);
      }
    }
  });
});
