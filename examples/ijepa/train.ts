/** Trains I-JEPA on icons-42. `node train.ts [run folder] [epochs]`; run again, it goes on where it stopped. */
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { iconMethod } from './icons.ts';

const [out = 'runs/ijepa', epochs = '40'] = process.argv.slice(2);
const run = await pretrain({
  method: iconMethod(),
  data: await icons42('train'),
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(
  `weights in ${run.backbone}, its masks in ${run.pictures}; how good are they? node probe.ts ${run.backbone}`,
);
