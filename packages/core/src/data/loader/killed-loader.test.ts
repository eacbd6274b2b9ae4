import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoaderOptions } from './options.ts';
import { writePictures } from './test-pictures.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-killed-loader-'));
const folder = join(root, 'pictures');
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  mkdirSync(folder);
  await writePictures(folder, 41, [7, 20]);
});

/** 10 steps an epoch. */
const OPTIONS: LoaderOptions = { size: 24, batchSize: 4, seed: 5, cacheFolder: join(root, 'cache') };
const STEPS = 25;

/** The lines of a process that reads from step `first` on; it is killed when it has said `kill` lines. */
function lines(options: Partial<LoaderOptions>, first = 0, kill = Number.POSITIVE_INFINITY): Promise<string[]> {
  const module = new URL('./killed-loader.ts', import.meta.url).href;
  const call = `sayBatches(${JSON.stringify(folder)}, ${JSON.stringify({ ...OPTIONS, ...options })}, ${first}, ${STEPS})`;
  const code = `const m = await import(${JSON.stringify(module)}); await m.${call};`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
    if (said.split('\n').length > kill) child.kill('SIGKILL');
  });
  return new Promise(resolve => child.on('close', () => resolve(said.split('\n').slice(0, -1))));
}

test('killed in the middle of an epoch and started again at the step it had reached, the batches are the same byte for byte', {
  timeout: 120_000,
}, async () => {
  const whole = await lines({ workers: 1, cache: 'none' });
  expect(new Set(whole).size).toBe(STEPS);
  const ways: Partial<LoaderOptions>[] = [
    { workers: 1, cache: 'none' },
    { workers: 4, cache: 'none', prefetch: 4 },
    { workers: 4, cache: 'disk' },
  ];
  for (const way of ways) {
    const before = await lines(way, 0, 13);
    expect(before.length).toBeGreaterThanOrEqual(13);
    const after = await lines(way, 13);
    expect([...before.slice(0, 13), ...after]).toEqual(whole);
  }
});
