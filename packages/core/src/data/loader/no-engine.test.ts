import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { EngineError } from '../../errors.ts';
import { imageFolder } from '../image-folder.ts';
import { writePictures } from './test-pictures.ts';

const sharedEngine = vi.hoisted(() => vi.fn());
vi.mock('../../engine/jpeg.ts', async original => ({ ...(await original<object>()), sharedEngine }));

const { openLoader } = await import('./loader.ts');

const folder = mkdtempSync(join(tmpdir(), 'ssl-loader-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function pixels(workers: number): Promise<number[]> {
  const loader = await openLoader(await imageFolder(folder), { size: 16, batchSize: 9, workers, cache: 'none' });
  const { data } = await loader.batch(0, 0);
  await loader.close();
  return [...data];
}

test('threads decode without an engine, to what they decode with one', async () => {
  await writePictures(folder, 9);
  sharedEngine.mockImplementation(() => {
    throw new EngineError('engine: none');
  });
  const without = await pixels(1);
  expect(sharedEngine).toHaveBeenCalled();
  const { sharedEngine: real } = await vi.importActual<typeof import('../../engine/jpeg.ts')>('../../engine/jpeg.ts');
  sharedEngine.mockImplementation(real);
  expect(await pixels(1)).toEqual(without);
});

test('other faults are told', async () => {
  sharedEngine.mockImplementation(() => {
    throw new Error('out of memory');
  });
  await expect(pixels(1)).rejects.toThrow('out of memory');
});
