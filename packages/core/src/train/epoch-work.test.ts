import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { EpochWork } from '../method/index.ts';
import { pretrain } from './index.ts';
import { smallData, smallMethod } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-epoch-'));
afterAll(() => rmSync(root, { recursive: true }));

test('between epochs a method reads the features of every image, by its own or another embedding', async () => {
  const method = smallMethod();
  const seen: { epoch: number; own: Float32Array; doubled: Float32Array; size: number }[] = [];
  const beforeEpoch = async ({ epoch, size, features }: EpochWork): Promise<void> => {
    const [own, doubled] = [await features(), await features(images => method.embed(images).mul(2))];
    seen.push({ epoch, size, own, doubled });
  };
  const recipe = { epochs: 2, batchSize: 8, warmupEpochs: 0 };
  const data = smallData();
  const run = { method: { ...method, beforeEpoch }, data, out: join(root, 'run'), recipe, onProgress: () => {} };
  await pretrain({ ...run, onDiagnosis: () => {} });
  expect(seen.map(({ epoch, size }) => [epoch, size])).toEqual([
    [0, data.size],
    [1, data.size],
  ]);
  for (const { own, doubled } of seen) {
    expect(own).toHaveLength(data.size * method.backbone.outDim);
    expect([...doubled]).toEqual([...own.map(x => 2 * x)]);
  }
  expect([...seen[1]!.own]).not.toEqual([...seen[0]!.own]);
});
