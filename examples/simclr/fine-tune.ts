/**
 * SimCLR v2 in its three stages on icons-42: pretrain without labels, fine-tune on a tenth of the labels from the head's first layer, distil into
 * a smaller network on all pictures without labels. `node fine-tune.ts [run folder] [epochs of pretraining]`; run again, pretraining goes on where it
 * stopped, or its last checkpoint is loaded, backbone and head.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Method, type Recipe, resnet, type ViewPlan } from '@ssl/core';
import { type Dataset, labelSubset, loadPixels, views } from '@ssl/core/data';
import { methodExtractor, pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { distill, fineTune, simclr, v2 } from '@ssl/simclr';
import { iconBackbone, iconViews, recipe } from './icons.ts';

const [out = 'runs/simclr-v2', epochs = '6'] = process.argv.slice(2);
const [train, test] = [await icons42('train'), await icons42('test')];
const classes = train.classes!.length;
/** One view for labels: those of pretraining are mild enough. */
const oneView: ViewPlan = views(iconViews.map(view => ({ ...view, count: 1 })));
/** For narrow networks and few pictures; the paper's is `fineTuning`. */
const short: Recipe = { ...recipe, learningRate: 0.001, warmupEpochs: 0, epochs: 20, batchSize: 64 };

const pretrained = simclr({ backbone: iconBackbone(0), views: iconViews, recipe, ...v2 });
await pretrain({
  method: pretrained,
  data: train,
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});

const labelled = labelSubset(train, { fraction: 0.1, seed: 0 });
const teacher = fineTune({ pretrained, classes, views: oneView, recipe: short });
await learn(teacher, labelled, 'fine-tuned');

const fresh = simclr({ backbone: iconBackbone(0), views: iconViews, recipe, ...v2 });
await learn(fineTune({ pretrained: fresh, classes, views: oneView, recipe: short }), labelled, 'from-scratch');

const small = { block: 'basic', layers: [1, 1, 1, 1], channels: [16, 32, 64, 128] } as const;
const student = resnet('resnet10_small', small, { inChannels: 1, zeroInitLast: false });
const method = distill({ teacher, student, views: oneView, recipe: { ...short, learningRate: 0.003, epochs: 10 } });
await learn(method, train, 'distilled'); // whose labels it does not look at

/** Trains, and prints how many of the test icons are named right. */
async function learn(method: Method, data: Dataset, name: string): Promise<void> {
  const folder = join(out, name);
  rmSync(folder, { recursive: true, force: true });
  await pretrain({ method, data, imageSize: 32, out: folder, onProgress: () => {} });
  console.log(
    `${name}: ${(100 * (await accuracyOf(method))).toFixed(1)} % of ${test.size} icons, ${data.size} to learn from`,
  );
}

async function accuracyOf(method: Method): Promise<number> {
  const pixels = await loadPixels(test, { size: 32 });
  const extract = methodExtractor(method, method.project);
  try {
    const { features: logits } = await extract(pixels);
    const answer = (i: number): number => {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row));
    };
    return pixels.labels!.filter((label, i) => answer(i) === label).length / pixels.count;
  } finally {
    extract.dispose();
  }
}
