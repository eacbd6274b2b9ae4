/**
 * What needs no learning: for each test picture the class of the most similar training picture (cosine of pixels, each picture's
 * mean removed), and the most frequent class. The figures in the README of @ssl/datasets come from here.
 *
 *   node scripts/data/icons-baseline.ts
 */
import { icons42, icons100 } from '../../packages/datasets/src/index.ts';
import { centred, mostSimilar, percent } from './pixels-knn.ts';

const SIDE = 32;

for (const icons of [icons42, icons100]) {
  const [all, train, test] = await Promise.all([icons('all'), icons('train'), icons('test')]);
  const [known, asked] = await Promise.all([centred(train, SIDE), centred(test, SIDE)]);
  const nearest = asked.map(picture => mostSimilar(picture, known, 1)[0]!);
  const hits = nearest.filter((n, i) => train.labels[n.index] === test.labels[i]).length;
  const copies = nearest.filter(({ similarity }) => similarity > 1 - 1e-6).length;
  const counts = [...Map.groupBy(all.labels, label => label).values()].map(group => group.length).sort((a, b) => a - b);
  const testCounts = [...Map.groupBy(test.labels, label => label).values()].map(group => group.length);
  console.log(
    [
      `${all.name}: ${train.size} train, ${test.size} test pictures, ${all.classes.length} classes (${testCounts.length} in test)`,
      `  pictures a class: ${counts[0]} to ${counts.at(-1)}, median ${counts[counts.length >> 1]}`,
      `  pixels, 1-NN: ${percent(hits / test.size)}; most frequent class: ${percent(Math.max(...testCounts) / test.size)}`,
      `  test pictures that a training picture equals up to contrast: ${copies}`,
    ].join('\n'),
  );
}
