/** One command from a fresh clone to features: trains SimCLR on icons-42 and shows what it has learnt. Run again, it goes on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { contactSheet, loadPixels } from '@ssl/core/data';
import { neighbourColumns, neighbourRows, pixelFeatures } from '@ssl/core/eval';
import { duration, pretrain, readMetrics } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { featuresOf, type Icons, type Score, scoreOf } from './evaluate.ts';
import { iconMethod } from './icons.ts';

/** Test icons on the sheet of neighbours, spread over the designers. */
const QUERIES = 8;

const started = performance.now();
const out = process.argv[2] ?? 'runs/quickstart';
await mkdir(out, { recursive: true });

const [trainSet, testSet] = await Promise.all([icons42('train'), icons42('test')]);
const icons: Icons = { train: await loadPixels(trainSet, { size: 32 }), test: await loadPixels(testSet, { size: 32 }) };
console.log(
  `icons-42: ${icons.train.count} icons by 31 designers to learn from, ${icons.test.count} by 11 others to test on`,
);

const method = iconMethod();
const pixels = await scoreOf(icons, { train: pixelFeatures(icons.train), test: pixelFeatures(icons.test) });
const random = await scoreOf(icons, await featuresOf(method, icons));
const run = await pretrain({ method, data: trainSet, imageSize: 32, out: `${out}/simclr`, resume: true });
const trained = await scoreOf(icons, await featuresOf(method, icons));

const sheet = `${out}/neighbours.png`;
await writeFile(sheet, await neighbourPicture({ 'random network': random, SimCLR: trained }));
const scores = { pixels: pixels.accuracy, 'random network': random.accuracy, SimCLR: trained.accuracy };
await writeFile(
  `${out}/result.json`,
  `${JSON.stringify({ oneNearestNeighbour: scores, epochs: run.epochs, steps: run.steps }, null, 2)}\n`,
);

const last = (await readMetrics(run.out)).at(-1)!;
console.log(`
1-NN accuracy on designers never seen (446 classes)
${Object.entries(scores)
  .map(([name, value]) => `  ${name.padEnd(16)}${(100 * value).toFixed(1).padStart(6)} %`)
  .join('\n')}

collapse signals     RankMe ${last.rankMe?.toFixed(0)} of ${method.backbone.outDim}, feature std ${last.evaluationFeatureStd?.toFixed(2)} (0 = collapsed, 1 = spread)
drawn views          ${run.views}
nearest neighbours   ${sheet}
weights              ${run.backbone}
time                 ${duration(performance.now() - started)}`);

/** Some test icons, each with its neighbours by every network, one row below the other. */
async function neighbourPicture(scored: Readonly<Record<string, Score>>): Promise<Buffer> {
  const { train, test } = icons;
  const show = Array.from({ length: QUERIES }, (_, i) => Math.floor(((i + 0.5) * test.count) / QUERIES));
  const perNetwork = Object.entries(scored).map(([label, { found }]) =>
    neighbourRows({
      found: { indices: found.neighbours, similarities: found.similarities, k: found.neighbours.length / test.count },
      query: { pixels: test, labels: test.labels! },
      gallery: { pixels: train, labels: train.labels! },
      classes: testSet.classes,
      show,
      label,
    }),
  );
  const rows = show.flatMap((_, i) => perNetwork.map(network => network[i]!));
  return contactSheet({ title: 'Nearest icons by other designers', columns: neighbourColumns(rows), rows, cell: 64 });
}
