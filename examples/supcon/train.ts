/**
 * Trains SupCon on icons-42, or its baseline. `node train.ts [run folder] [epochs] [supcon or supervised]`; run again, it goes on where it
 * stopped.
 */
import { pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { crossEntropy, supcon } from '@ssl/supcon';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

const [out = 'runs/supcon', epochs = '40', which = 'supcon'] = process.argv.slice(2);
const data = await icons42('train');
const shared = { backbone: iconBackbone(0), views: iconViews, recipe };
const method =
  which === 'supervised'
    ? crossEntropy({ ...shared, classes: data.classes!.length })
    : supcon({ ...shared, hiddenDim: 512 });
const run = await pretrain({ method, data, imageSize: 32, out, recipe: { epochs: Number(epochs) }, resume: true });
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
