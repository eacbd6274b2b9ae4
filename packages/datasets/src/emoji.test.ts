import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { loadPixels } from '@ssl/core/data';
import { expect, it } from 'vitest';
import { emoji3, openEmoji } from './emoji.ts';
import { temporaryFolder } from './fake-sets.ts';

it('has the pictures and labels of each split', async () => {
  const [train, test, all] = [await emoji3('train'), await emoji3('test'), await emoji3('all')];
  expect([train.size, test.size, all.size]).toEqual([3_085, 770, 3_855]);
  expect([train.name, all.name, all.channels]).toEqual(['emoji-3 train', 'emoji-3', 3]);
  expect(new Set(all.designers)).toEqual(new Set(['fluent-emoji-flat', 'noto', 'noto-v1']));
  expect(train.classes).toEqual(test.classes);
  expect([train.classes.length, new Set(train.labels).size, new Set(test.labels).size]).toEqual([8, 8, 8]);
});

it('has no emoji in both splits, and no picture twice', async () => {
  const [train, test, all] = [await emoji3('train'), await emoji3('test'), await emoji3('all')];
  const known = new Set(train.ids);
  expect(test.ids.filter(id => known.has(id))).toEqual([]);
  expect(new Set(test.ids).size).toBe(280);
  const { data, count } = await loadPixels(all, { size: 32 });
  const distinct = new Set(
    Array.from({ length: count }, (_, i) => Buffer.from(data.subarray(i * 3072, (i + 1) * 3072)).toString('latin1')),
  );
  expect(distinct.size).toBe(all.size);
});

it('is in colour: a red heart is red in every style', async () => {
  const all = await emoji3('all', { labels: 'id' });
  const hearts = all.ids.flatMap((id, i) => (id === '2764' ? [i] : []));
  expect(hearts).toHaveLength(3);
  for (const index of hearts) {
    const { data } = await all.image(index);
    const middle = (14 * 32 + 12) * 3;
    expect(data[middle]).toBeGreaterThan(180);
    expect(data[middle + 1]).toBeLessThan(110);
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  }
  expect(all.describe?.(hearts[0]!)).toBe('fluent-emoji-flat:red-heart');
});

it('has subgroups and single emoji as labels too', async () => {
  const [subgroups, ids] = [await emoji3('test', { labels: 'subgroup' }), await emoji3('test', { labels: 'id' })];
  expect([subgroups.classes.length, ids.classes.length]).toEqual([95, 1_398]);
  expect(ids.classes[ids.labels[5]!]).toBe(ids.ids[5]);
  expect(subgroups.fingerprint).not.toBe((await emoji3('test')).fingerprint);
  await expect(emoji3('test', { labels: 'name' as 'id' })).rejects.toThrow(
    /labels must be group, subgroup or id; got name/,
  );
});

it('is refused where a label was changed', async () => {
  const dir = temporaryFolder();
  cpSync(fileURLToPath(new URL('../data/emoji-3/', import.meta.url)), dir, { recursive: true });
  writeFileSync(join(dir, 'labels.csv'), 'index,group\n');
  await expect(openEmoji(pathToFileURL(`${dir}/`), 'all', 'group')).rejects.toThrow(
    /labels\.csv must have the SHA-256/,
  );
});
