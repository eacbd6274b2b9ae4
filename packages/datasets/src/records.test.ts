import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isPicture, planes, temporaryFolder } from './fake-sets.ts';
import { HELD_BYTES, type RecordLayout, recordDataset } from './records.ts';

const LAYOUT: RecordLayout = { width: 96, height: 96, channels: 3, labelBytes: 0, planes: 'columns' };

it('a file too large for memory is read picture by picture, and gives the same as from memory', async () => {
  const file = join(temporaryFolder(), 'large.bin');
  const pictures = Array.from({ length: 3 }, (_, i) => planes(i, 96, 'columns'));
  writeFileSync(file, Buffer.concat(pictures));
  // The rest is a hole: it takes no room on the disk.
  const size = Math.ceil(HELD_BYTES / pictures[0]!.length) + 1;
  truncateSync(file, size * pictures[0]!.length);
  const large = await recordDataset({ name: 'large', sources: [file], layout: LAYOUT });
  expect(large.size).toBe(size);
  for (const i of [2, 0, 1]) expect(isPicture((await large.image(i)).data, i, 96)).toBe(true);
  const small = await recordDataset({ name: 'small', sources: pictures, layout: LAYOUT });
  expect((await small.image(2)).data).toEqual((await large.image(2)).data);
  truncateSync(file, pictures[0]!.length);
  await expect(large.image(1)).rejects.toThrow(/must stay as it was opened; got 0 of 27648 bytes/);
  await large.close?.();
});

it('the fingerprint tells a changed picture and a changed label', async () => {
  const made = async (picture: number, label: number): Promise<string> => {
    const sources = [Buffer.concat([planes(0, 96, 'columns'), planes(picture, 96, 'columns')])];
    const labels = Int32Array.of(0, label);
    return (await recordDataset({ name: 'a', sources, layout: LAYOUT, labels, classes: ['x', 'y'] })).fingerprint;
  };
  expect(new Set([await made(1, 0), await made(2, 0), await made(1, 1)]).size).toBe(3);
  expect(await made(1, 0)).toBe(await made(1, 0));
});
