/** Weighted kNN, 1-NN and collapse signals of a trained backbone. `node probe.ts runs/deepcluster/backbone.safetensors` */
import { loadPixels } from '@ssl/core/data';
import { collapseSignals, knnAccuracy } from '@ssl/core/eval';
import { loadWeights } from '@ssl/core/io';
import { methodExtractor } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { iconBackbone, iconViews } from '../simclr/icons.ts';

const [weights] = process.argv.slice(2);
if (!weights) throw new Error('probe: name the weights; usage: node probe.ts runs/deepcluster/backbone.safetensors');

const backbone = iconBackbone(0);
await loadWeights(weights, backbone.members);
const extract = methodExtractor({ views: iconViews, embed: backbone });
const [train, test] = await Promise.all((['train', 'test'] as const).map(featuresOf));
for (const k of [1, 5, 20]) {
  console.log(`${k}-NN   ${(100 * (await knnAccuracy({ train: train!, test: test!, k }))).toFixed(1)} %`);
}
const { rankMe, featureStd } = await collapseSignals(test!.features);
console.log(`RankMe ${rankMe.toFixed(1)} of ${backbone.outDim}, feature std ${featureStd.toFixed(2)}`);

async function featuresOf(split: 'train' | 'test') {
  const pixels = await loadPixels(await icons42(split), { size: 32 });
  return { features: await extract(pixels), labels: pixels.labels! };
}
