/** Trains New method on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { newMethod } from '@ssl-template/new-method';
import { iconBackbone, iconViews, recipe } from '../../../examples/simclr/icons.ts';

const [out = 'runs/new-method', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  method: newMethod({ backbone: iconBackbone(0), views: iconViews, recipe }),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
