/** Trains DeepCluster v2 on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { deepcluster } from '@ssl/deepcluster';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';
import { iconSettings } from './settings.ts';

const [out = 'runs/deepcluster', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  method: deepcluster({ backbone: iconBackbone(0), views: iconViews, recipe, ...iconSettings }),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
