/** Trains BYOL on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { byol } from '@ssl/byol';
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { iconBackbone, iconViews } from '../simclr/icons.ts';

const [out = 'runs/byol', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  // Narrow heads for a narrow network, and a teacher that follows soon, as the run is short.
  method: byol({
    backbone: iconBackbone(0),
    views: iconViews,
    recipe: {
      optimizer: 'sgd',
      learningRate: 0.1,
      scaling: 'none',
      weightDecay: 5e-4,
      warmupEpochs: 1,
      epochs: 40,
      batchSize: 192,
    },
    hiddenDim: 512,
    projectionDim: 128,
    predictorHiddenDim: 512,
    momentum: 0.98,
  }),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
