/** Weighted kNN, 1-NN and collapse signals of a trained backbone. `node probe.ts runs/nnclr/backbone.safetensors` */
import { loadPixels } from '@ssl/core/data';
import { collapseSignals, knnAccuracy } from '@ssl/core/eval';
import { loadWeights } from '@ssl/core/io';
import { icons42 } from '@ssl/datasets';
import { featuresOf } from '../simclr/evaluate.ts';
import { iconMethod } from './icons.ts';

const [weights] = process.argv.slice(2);
if (!weights) throw new Error('probe: name the weights; usage: node probe.ts runs/nnclr/backbone.safetensors');

const method = iconMethod();
await loadWeights(weights, method.backbone.members);
const icons = {
  train: await loadPixels(await icons42('train'), { size: 32 }),
  test: await loadPixels(await icons42('test'), { size: 32 }),
};
const features = await featuresOf(method, icons);
const train = { features: features.train, labels: icons.train.labels! };
const test = { features: features.test, labels: icons.test.labels! };
for (const k of [1, 5, 20]) console.log(`${k}-NN   ${(100 * (await knnAccuracy({ train, test, k }))).toFixed(1)} %`);
const { rankMe, featureStd } = await collapseSignals(features.test);
console.log(`RankMe ${rankMe.toFixed(1)} of ${method.backbone.outDim}, feature std ${featureStd.toFixed(2)}`);
