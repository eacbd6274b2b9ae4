/** Trains a small vision transformer with multi-crop and draws where it looks. `node attention.ts [run folder] [epochs]`; run again, it goes on. */
import { backbone } from '@ssl/core';
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { dino, drawingViews, imagenet } from '@ssl/dino';

const [out = 'runs/dino-attention', epochs = '10'] = process.argv.slice(2);
const run = await pretrain({
  method: dino({
    backbone: backbone('vit_mini_patch4_32', { inChannels: 1, dropPath: 0.1, interpolation: 'dino' }),
    views: drawingViews({ channels: 1 }),
    recipe: imagenet,
    hiddenDim: 512,
    bottleneckDim: 128,
    outputDim: 1024,
    momentum: 0.99,
  }),
  data: await icons42('train'),
  out,
  recipe: { epochs: Number(epochs), batchSize: 128, learningRate: 0.002, warmupEpochs: 1 },
  resume: true,
});
console.log(`where it looks, from epoch to epoch: ${run.pictures}`);
