import { arrayDataset, type Dataset, decodeImage, subset } from '@ssl/core/data';
import { checkChoice } from './check-choice.ts';
import { type AtlasSplit, cutTiles, readFolder, SPLITS } from './read-folder.ts';

export type EmojiSplit = AtlasSplit;

const LABELS = ['group', 'subgroup', 'id'] as const;

export interface EmojiOptions {
  /**
   * `group` (default): one of 8, as Unicode groups emoji. `subgroup`: one of 95. `id`: the emoji itself; no emoji is in both splits, so its
   * use is to find the same emoji by another designer.
   */
  readonly labels?: (typeof LABELS)[number];
}

/** Small colour pictures of emoji, each in the style of one of three sets. */
export interface EmojiDataset extends Dataset {
  readonly classes: readonly string[];
  readonly labels: Int32Array;
  /** `[size]`, the set (the style) of each picture. */
  readonly designers: readonly string[];
  /** `[size]`, code points of each picture's emoji in hexadecimal, as `1f600`. */
  readonly ids: readonly string[];
}

/**
 * emoji-3: 32 x 32 RGB pictures on white of 1,400 emoji in three styles, without flags and skin tones. The split is by emoji: 80 % of
 * them, in all styles, are for training. Classes are the same in both.
 * @throws DataError when the files in the package are missing or not the ones it was published with.
 */
export async function emoji3(split: EmojiSplit = 'train', options: EmojiOptions = {}): Promise<EmojiDataset> {
  const { labels = 'group' } = options;
  // One level up from src and from dist alike.
  return openEmoji(new URL('../data/emoji-3/', import.meta.url), split, labels);
}

/** A folder with `atlas.png`, `labels.csv` and `manifest.json`. */
export async function openEmoji(
  folder: URL,
  split: EmojiSplit,
  labels: NonNullable<EmojiOptions['labels']>,
): Promise<EmojiDataset> {
  checkChoice('emoji', 'split', split, SPLITS);
  checkChoice('emoji', 'labels', labels, LABELS);
  const { manifest, atlas, rows } = await readFolder(folder, LABELS);
  const { name, side, columns } = manifest;
  const classes = [...new Set(rows.map(row => row[labels]))].sort();
  const numbers = new Map(classes.map((label, number) => [label, number]));
  const all = arrayDataset({
    name: split === 'all' ? name : `${name} ${split}`,
    data: cutTiles(await decodeImage(atlas), { side, columns, count: rows.length }),
    width: side,
    height: side,
    channels: 3,
    classes,
    labels: Int32Array.from(rows, row => numbers.get(row[labels])!),
    fingerprint: `${name} ${labels}:${manifest.files['atlas.png']}:${manifest.files['labels.csv']}`,
  });
  const kept = Array.from(rows.keys()).filter(i => split === 'all' || rows[i]!.split === split);
  const part = split === 'all' ? all : subset(all, kept);
  return {
    ...part,
    classes,
    labels: part.labels!,
    designers: kept.map(i => rows[i]!.set),
    ids: kept.map(i => rows[i]!.id),
    describe: index => {
      const row = rows[kept[index] ?? -1];
      return row ? `${row.set}:${row.icon}` : `picture ${index}`;
    },
  };
}
