import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { wholeFolder } from './whole-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-folder-'));
afterAll(() => rmSync(root, { recursive: true }));

it('of two that fill a folder at once, one does the work and both find it whole', async () => {
  const directory = join(root, 'set');
  let fills = 0;
  const fill = async (into: string): Promise<void> => {
    fills++;
    await new Promise(resolve => setImmediate(resolve));
    writeFileSync(join(into, 'a'), 'content');
  };
  const filled = await Promise.all([wholeFolder(directory, fill), wholeFolder(directory, fill)]);
  expect(filled.sort()).toEqual([false, true]);
  expect(fills).toBe(1);
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('content');
  expect(readdirSync(root)).toEqual(['set']);
});

it('nothing is left where filling fails', async () => {
  const directory = join(root, 'other');
  const fill = async (into: string): Promise<void> => {
    writeFileSync(join(into, 'a'), 'half');
    throw new Error('cut off');
  };
  await expect(wholeFolder(directory, fill)).rejects.toThrow('cut off');
  expect(readdirSync(root)).toEqual(['set']);
});
