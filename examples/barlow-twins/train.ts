/** Trains Barlow Twins on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { barlowTwins } from '@ssl/barlow-twins';
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

const [out = 'runs/barlow-twins', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  // A narrow head for a narrow network; with it λ is larger than for 8,192 dimensions.
  method: barlowTwins({
    backbone: iconBackbone(0),
    views: iconViews,
    recipe,
    hiddenDim: 512,
    projectionDim: 512,
    lambda: 0.05,
  }),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
