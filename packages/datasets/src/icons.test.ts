import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError, loadPixels } from '@ssl/core/data';
import { afterEach, describe, expect, it } from 'vitest';
import { type IconDataset, type IconSplit, icons42, icons100, openIcons } from './icons.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function copyOfSmall(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'icons-'));
  made.push(dir);
  await cp(new URL('../data/icons-100/', import.meta.url), dir, { recursive: true });
  return dir;
}
const open = async (dir: string): Promise<IconDataset> => openIcons(pathToFileURL(`${dir}/`), 'all');

describe.each([
  ['icons-42', icons42, { train: 11_206, test: 3_067, all: 14_273, classes: 446 }],
  ['icons-100', icons100, { train: 2_223, test: 764, all: 2_987, classes: 100 }],
] as const)('%s', (name, icons, counts) => {
  it.each(['train', 'test', 'all'] as const)('has the pictures, classes and labels of %s', async (split: IconSplit) => {
    const data = await icons(split);
    expect([data.size, data.labels.length, data.designers.length]).toEqual(new Array(3).fill(counts[split]));
    expect(data.classes).toHaveLength(counts.classes);
    expect(data.classes).toEqual([...data.classes].sort());
    expect(data.channels).toBe(1);
    expect(Math.max(...data.labels)).toBeLessThan(counts.classes);
  });

  it('splits by designer: 31 and 11, none in both', async () => {
    const [train, test] = await Promise.all([icons('train'), icons('test')]);
    const [a, b] = [new Set(train.designers), new Set(test.designers)];
    expect([a.size, b.size]).toEqual([31, 11]);
    expect([...a].filter(designer => b.has(designer))).toEqual([]);
    expect(train.fingerprint).not.toBe(test.fingerprint);
  });

  it('has a picture of every class to learn from, and none that is blank', async () => {
    expect(new Set((await icons('train')).labels).size).toBe(counts.classes);
    const { data, count } = await loadPixels(await icons('all'), { size: 32 });
    expect(count).toBe(counts.all);
    const blank = Array.from({ length: count }, (_, i) => data.subarray(i * 1024, (i + 1) * 1024)).filter(
      picture => Math.max(...picture) - Math.min(...picture) < 64,
    );
    expect(blank).toHaveLength(0);
  });

  it(`is ${name} by name`, async () => {
    expect((await icons('all')).name).toBe(name);
    expect((await icons()).name).toBe(`${name} train`);
  });
});

describe('pictures', () => {
  it('lie where their labels say: an arrow to the left is dark on its left', async () => {
    const data = await icons100('all');
    const index = data.designers.findIndex(
      (set, i) => set === 'feather' && data.classes[data.labels[i]!] === 'chevron-left',
    );
    expect(data.describe?.(index)).toBe('feather:chevron-left');
    const { data: pixels } = await data.image(index);
    // The tip of feather's chevron is at (9, 12) of 24, so at (12, 16) of 32; to the right of the middle there is nothing.
    expect(pixels[16 * 32 + 12]).toBeLessThan(128);
    expect(pixels[16 * 32 + 22]).toBe(255);
  });

  it('are those of icons-42 in icons-100', async () => {
    const [small, large] = await Promise.all([icons100('all'), icons42('all')]);
    const places = new Map(Array.from({ length: large.size }, (_, i) => [large.describe!(i), i]));
    for (let i = 0; i < small.size; i += 97) {
      const place = places.get(small.describe!(i))!;
      expect((await small.image(i)).data).toEqual((await large.image(place)).data);
      expect(small.classes[small.labels[i]!]).toBe(large.classes[large.labels[place]!]);
    }
  });
});

describe('damaged files', () => {
  it('are refused when a byte of the pictures changed', async () => {
    const dir = await copyOfSmall();
    expect((await open(dir)).size).toBe(2_987);
    const bytes = await readFile(join(dir, 'atlas.png'));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(join(dir, 'atlas.png'), bytes);
    await expect(open(dir)).rejects.toThrow(
      /atlas\.png must have the SHA-256 [0-9a-f]{64}; got [0-9a-f]{64}.*install @ssl\/datasets again/,
    );
    await expect(open(dir)).rejects.toBeInstanceOf(DataError);
  });

  it('are refused when a label changed, a file is missing or the manifest is cut off', async () => {
    const labels = await copyOfSmall();
    const text = await readFile(join(labels, 'labels.csv'), 'utf8');
    await writeFile(join(labels, 'labels.csv'), text.replace('star', 'moon'));
    await expect(open(labels)).rejects.toThrow(/labels\.csv must have the SHA-256/);
    const missing = await copyOfSmall();
    await rm(join(missing, 'atlas.png'));
    await expect(open(missing)).rejects.toThrow(/atlas\.png must be readable/);
    const cut = await copyOfSmall();
    await writeFile(join(cut, 'manifest.json'), '{"name":');
    await expect(open(cut)).rejects.toThrow(/manifest\.json must be JSON/);
  });

  it('an unknown split is refused', async () => {
    await expect(icons100('val' as 'test')).rejects.toThrow('split must be train, test or all; got val');
  });
});
