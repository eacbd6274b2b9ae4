/** What needs no learning: for each test picture the group of the five most similar training pictures (cosine of pixels, each picture's mean removed). */
import type { EmojiDataset, EmojiSplit } from '../../packages/datasets/src/emoji.ts';
import type { EmojiManifest } from '../../packages/datasets/src/manifest.ts';
import { centred, mostSimilar, vote } from './pixels-knn.ts';

const [SIDE, NEIGHBOURS] = [32, 5];

export async function pixelBaseline(
  open: (split: EmojiSplit) => Promise<EmojiDataset>,
): Promise<NonNullable<EmojiManifest['baseline']>> {
  const [train, test] = await Promise.all([open('train'), open('test')]);
  const [known, asked] = await Promise.all([centred(train, SIDE), centred(test, SIDE)]);
  const voted = asked.map(picture => vote(mostSimilar(picture, known, NEIGHBOURS), train.labels));
  const hits = voted.filter((label, i) => label === test.labels[i]).length;
  const counts = [...Map.groupBy(test.labels, label => label).values()].map(group => group.length);
  const share = (count: number): number => Number((count / test.size).toFixed(4));
  return { pixels5nn: share(hits), mostFrequent: share(Math.max(...counts)) };
}
