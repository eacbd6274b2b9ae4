/**
 * What needs no learning: for each test picture the class of the most similar training picture (cosine of pixels, each picture's
 * mean removed), and the most frequent class. The figures in the README of @ssl/datasets come from here.
 *
 *   node scripts/data/icons-baseline.ts
 */
import { loadPixels } from '../../packages/core/src/data/index.ts';
import { type IconDataset, icons42, icons100 } from '../../packages/datasets/src/index.ts';

const SIDE = 32;

for (const icons of [icons42, icons100]) {
  const [all, train, test] = await Promise.all([icons('all'), icons('train'), icons('test')]);
  const [known, asked] = await Promise.all([centred(train), centred(test)]);
  const nearest = asked.map(picture => mostSimilar(picture, known));
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

/** Pictures as unit vectors with mean 0. */
async function centred(dataset: IconDataset): Promise<Float32Array[]> {
  const { data, count } = await loadPixels(dataset, { size: SIDE });
  return Array.from({ length: count }, (_, i) => {
    const pixels = Float32Array.from(data.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE));
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    const length = Math.hypot(...pixels.map(value => value - mean));
    return pixels.map(value => (value - mean) / length);
  });
}

function mostSimilar(picture: Float32Array, known: readonly Float32Array[]): { index: number; similarity: number } {
  let best = { index: -1, similarity: Number.NEGATIVE_INFINITY };
  for (let index = 0; index < known.length; index++) {
    const similarity = dot(picture, known[index]!);
    if (similarity > best.similarity) best = { index, similarity };
  }
  return best;
}

/** Four sums at a time, which the processor can overlap. */
function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  return s0 + s1 + s2 + s3;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
