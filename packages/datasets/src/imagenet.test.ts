import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePng } from '@ssl/core/data';
import { expect, it } from 'vitest';
import { temporaryFolder } from './fake-sets.ts';
import { imagenet } from './imagenet.ts';

const PNG = await encodePng({ data: new Uint8Array(12), width: 2, height: 2, channels: 3 });
const [TENCH, GOLDFISH, FOX] = ['n01440764', 'n01443537', 'n02119789'];

function folder(files: Readonly<Record<string, Uint8Array | string>>): string {
  const dir = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}
const name = (number: number): string => `ILSVRC2012_val_${String(number).padStart(8, '0')}.JPEG`;
const VAL = { [`val/${name(1)}`]: PNG, [`val/${name(2)}`]: PNG, [`val/${name(3)}`]: PNG };
const MAPPING = `${TENCH} tench, Tinca tinca\n${GOLDFISH} goldfish, Carassius auratus\n${FOX} kit fox, Vulpes macrotis\n`;

it('folders of both parts get the same numbers, and names where the list is there', async () => {
  const dir = folder({
    [`train/${TENCH}/a.JPEG`]: PNG,
    [`train/${FOX}/b.JPEG`]: PNG,
    [`val/${FOX}/c.JPEG`]: PNG,
  });
  expect(await imagenet(dir)).toMatchObject({ name: 'imagenet train', classes: [TENCH, FOX] });
  writeFileSync(join(dir, 'LOC_synset_mapping.txt'), MAPPING);
  const [train, val] = [await imagenet(dir), await imagenet(dir, { split: 'val' })];
  expect(train.classes).toEqual(['tench', 'goldfish', 'kit fox']);
  expect([[...train.labels!], [...val.labels!]]).toEqual([[0, 2], [2]]);
});

it("Kaggle's layout: a flat val with its answers in a table", async () => {
  const dir = folder({
    ...Object.fromEntries(Object.entries(VAL).map(([path, png]) => [`ILSVRC/Data/CLS-LOC/${path}`, png])),
    'LOC_val_solution.csv': `ImageId,PredictionString\n${[FOX, TENCH, FOX].map((wnid, i) => `${name(i + 1).slice(0, -5)},${wnid} 85 1 499 272 \n`).join('')}`,
    'LOC_synset_mapping.txt': MAPPING,
  });
  const val = await imagenet(dir, { split: 'val' });
  expect([[...val.labels!], val.classes]).toEqual([
    [2, 0, 2],
    ['tench', 'goldfish', 'kit fox'],
  ]);
});

it('a flat val with WordNet ids, or with the numbers of the development kit', async () => {
  const listed = folder({ ...VAL, 'imagenet_2012_validation_synset_labels.txt': `${GOLDFISH}\n${TENCH}\n${FOX}\n` });
  expect([...(await imagenet(listed, { split: 'val' })).labels!]).toEqual([1, 0, 2]);
  const kit = folder({
    ...VAL,
    'ILSVRC2012_validation_ground_truth.txt': '1\n3\n2\n',
    'order.txt': `${FOX}\n${TENCH}\n${GOLDFISH}\n`,
    'sorted.txt': `${TENCH}\n${GOLDFISH}\n${FOX}\n`,
  });
  const val = await imagenet(kit, { split: 'val', synsets: join(kit, 'order.txt') });
  expect([[...val.labels!], val.classes]).toEqual([
    [2, 1, 0],
    [TENCH, GOLDFISH, FOX],
  ]);
  await expect(imagenet(kit, { split: 'val' })).rejects.toThrow(/synsets must be given/);
  await expect(imagenet(kit, { split: 'val', synsets: join(kit, 'sorted.txt') })).rejects.toThrow(
    /is sorted by WordNet/,
  );
});

it('what is missing is said, and where to get it', async () => {
  await expect(imagenet(temporaryFolder())).rejects.toThrow(/must hold train\/ or .*image-net\.org\/download-images/);
  await expect(imagenet(folder(VAL), { split: 'val' })).rejects.toThrow(/got none of them; .*image-net\.org/);
  const short = folder({ ...VAL, 'imagenet_2012_validation_synset_labels.txt': `${GOLDFISH}\n${TENCH}\n` });
  await expect(imagenet(short, { split: 'val' })).rejects.toThrow(/got none for ILSVRC2012_val_00000003\.JPEG/);
  await expect(imagenet('x', { split: 'test' as 'val' })).rejects.toThrow(
    'imagenet: split must be train or val; got test',
  );
});
