/** Trains DINO on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { dino } from '@ssl/dino';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

const [out = 'runs/dino', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  // A narrow head with norms and few outputs for a narrow network, and a teacher that follows soon, as the run is short.
  method: dino({
    backbone: iconBackbone(0),
    views: iconViews,
    recipe,
    hiddenDim: 512,
    bottleneckDim: 128,
    outputDim: 1024,
    layers: 2,
    headNorm: true,
    momentum: 0.98,
  }),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
