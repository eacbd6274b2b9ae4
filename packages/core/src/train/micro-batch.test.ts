import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sampleMethod } from '../method/divided-sample.ts';
import { kitData } from '../testing/method-kit.ts';
import { type PretrainOptions, pretrain, readMetrics } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-micro-'));
afterAll(() => rmSync(root, { recursive: true }));

const RECIPE = { epochs: 3, batchSize: 8, learningRate: 0.5, scaling: 'none' } as const;

async function run(name: string, options: Partial<PretrainOptions> = {}, norm = false): Promise<Buffer> {
  const out = join(root, name);
  const { recipe, ...rest } = options;
  const given = { method: sampleMethod({ norm }), data: kitData({} as never), out, onProgress: () => {} };
  const done = await pretrain({ ...given, recipe: { ...RECIPE, ...recipe }, ...rest });
  return readFileSync(done.checkpoint);
}

const loss = async (name: string): Promise<number[]> => (await readMetrics(join(root, name))).map(line => line.loss!);

describe('a run whose batches go through the network in parts', () => {
  test('goes on after a stop and ends with the same bits', async () => {
    const recipe = { microBatchSize: 2 };
    const whole = await run('whole', { recipe }, true);
    await expect(run('parts', { recipe, stopAfter: 4 }, true)).rejects.toThrow('stopped at step 4 of 6');
    expect((await run('parts', { recipe, resume: true }, true)).equals(whole)).toBe(true);
  });

  test('follows the undivided run', async () => {
    const whole = await run('undivided');
    await run('divided', { recipe: { microBatchSize: 4 } });
    const [a, b] = [await loss('undivided'), await loss('divided')];
    for (const [i, value] of a.entries()) expect(Math.abs(b[i]! / value - 1)).toBeLessThan(1e-5);
    const same = await run('in one part', { recipe: { microBatchSize: 8 } });
    expect(same.equals(whole)).toBe(true);
  });

  test('is another run than one in other parts', async () => {
    await run('in fours', { recipe: { microBatchSize: 4 } });
    await expect(run('in fours', { recipe: { microBatchSize: 2 }, resume: true })).rejects.toThrow(
      'recipe.microBatchSize: 4, now 2',
    );
  });
});
