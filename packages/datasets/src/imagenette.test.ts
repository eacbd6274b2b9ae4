import { encodePng } from '@ssl/core/data';
import { expect, it } from 'vitest';
import { fakeMirror, isPicture, planes, tarGz } from './fake-sets.ts';
import { imagenette, imagewoof } from './imagenette.ts';
import { recordDataset } from './records.ts';

async function picture(number: number): Promise<Buffer> {
  const layout = { width: 8, height: 8, channels: 3, labelBytes: 0, planes: 'rows' } as const;
  const set = await recordDataset({ name: 'picture', sources: [planes(number, 8, 'rows')], layout });
  return Buffer.from(await encodePng(await set.image(0)));
}

it.each([
  ['imagenette', imagenette, ['n01440764', 'n03888257'], ['tench', 'parachute']],
  ['imagewoof', imagewoof, ['n02086240', 'n02115641'], ['Shih-Tzu', 'dingo']],
] as const)('%s is fetched and unpacked, with readable names of classes', async (name, open, wnids, classes) => {
  const folder = `${name}2-160`;
  const archive = await tarGz({
    [`${folder}/train/${wnids[0]}/a.JPEG`]: await picture(0),
    [`${folder}/train/${wnids[1]}/b.JPEG`]: await picture(1),
    [`${folder}/val/${wnids[0]}/c.JPEG`]: await picture(2),
    [`${folder}/val/${wnids[1]}/d.JPEG`]: await picture(3),
    [`${folder}/val/.DS_Store`]: Buffer.from('x'),
    [`${folder}/noisy_${name}.csv`]: Buffer.from('path,noisy_labels_0'),
  });
  const { files, root, asked } = await fakeMirror(name, { [`${folder}.tgz`]: archive });
  const options = { files, root, quiet: true, size: '160' } as const;
  const train = await open('train', options);
  expect(train).toMatchObject({ name: `${name} train`, size: 2, classes });
  const val = await open('val', options);
  expect([[...val.labels!], val.classes]).toEqual([[0, 1], classes]);
  expect(isPicture((await val.image(1)).data, 3, 8)).toBe(true);
  expect(asked).toEqual([`/base/${name}/${folder}.tgz`]);
  await expect(open('train', { size: '64' as '160' })).rejects.toThrow(/size must be full, 320 or 160; got 64/);
});
