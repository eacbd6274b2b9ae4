import { arrayDataset, type Dataset, decodeImage, subset } from '@ssl/core/data';
import { checkChoice } from './check-choice.ts';
import { type AtlasSplit, cutTiles, type LabelRow, readFolder, SPLITS } from './read-folder.ts';

export type IconSplit = AtlasSplit;

/** Pictures of things, each drawn by one of many designers; the class is the thing. */
export interface IconDataset extends Dataset {
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  /** `[size]`, the icon set (the designer) of each picture. No set is in both splits. */
  readonly designers: readonly string[];
}

/**
 * icons-42: 32 x 32 grey pictures (black on white) of 446 things by 42 designers. Labels and classes are the same in both splits,
 * though not every class has a picture in `test`. Do not flip them: `arrow-left` and `arrow-right` are classes.
 * @param split `train` (31 designers), `test` (the 11 others) or `all`.
 * @throws DataError when the files in the package are missing or not the ones it was published with.
 */
export async function icons42(split: IconSplit = 'train'): Promise<IconDataset> {
  return openIcons(dataFolder('icons-42'), split);
}

/**
 * icons-100: the small part of icons-42, for tests: the 100 classes with the most pictures, one picture a class and designer.
 * @throws DataError as {@link icons42}.
 */
export async function icons100(split: IconSplit = 'train'): Promise<IconDataset> {
  return openIcons(dataFolder('icons-100'), split);
}

/** A folder with `atlas.png`, `labels.csv` and `manifest.json`. */
export async function openIcons(folder: URL, split: IconSplit): Promise<IconDataset> {
  checkChoice('icons', 'split', split, SPLITS);
  const { manifest, atlas, rows } = await readFolder(folder, ['class']);
  const { name, side, columns } = manifest;
  const pixels = cutTiles(await decodeImage(atlas, { channels: 1 }), { side, columns, count: rows.length });
  const classes = [...new Set(rows.map(row => row.class))].sort();
  const numbers = new Map(classes.map((label, number) => [label, number]));
  const all = arrayDataset({
    name: split === 'all' ? name : `${name} ${split}`,
    data: pixels,
    width: side,
    height: side,
    channels: 1,
    classes,
    labels: Int32Array.from(rows, row => numbers.get(row.class)!),
    fingerprint: `${name}:${manifest.files['atlas.png']}:${manifest.files['labels.csv']}`,
  });
  const kept = Array.from(rows.keys()).filter(i => split === 'all' || rows[i]!.split === split);
  return describeIcons(
    split === 'all' ? all : subset(all, kept),
    kept.map(i => rows[i]!),
  );
}

function describeIcons(dataset: Dataset, rows: readonly LabelRow<'class'>[]): IconDataset {
  return {
    ...dataset,
    classes: dataset.classes!,
    labels: dataset.labels!,
    designers: rows.map(row => row.set),
    describe: index => (rows[index] ? `${rows[index].set}:${rows[index].icon}` : `picture ${index}`),
  };
}

// One level up from src and from dist alike.
function dataFolder(name: string): URL {
  return new URL(`../data/${name}/`, import.meta.url);
}
