import type { Dataset } from '@ssl/core/data';
import { type CifarSplit, cifar10, cifar100 } from './cifar.ts';
import { type EmojiSplit, emoji3 } from './emoji.ts';
import { type IconSplit, icons42, icons100 } from './icons.ts';
import { type ImagenetteSplit, imagenette, imagewoof } from './imagenette.ts';
import { fashionMnist, kmnist, type MnistSplit, mnist } from './mnist.ts';
import { type Stl10Split, stl10 } from './stl10.ts';
import { type SvhnSplit, svhn } from './svhn.ts';

/** How `ssl pretrain --data NAME` opens them: `train` unless another split is named. Those not in the package are downloaded on first use. */
export const datasets: Readonly<Record<string, (split?: string) => Promise<Dataset>>> = {
  'icons-42': split => icons42(split as IconSplit | undefined),
  'icons-100': split => icons100(split as IconSplit | undefined),
  'emoji-3': split => emoji3(split as EmojiSplit | undefined),
  cifar10: split => cifar10(split as CifarSplit | undefined),
  cifar100: split => cifar100(split as CifarSplit | undefined),
  stl10: split => stl10(split as Stl10Split | undefined),
  mnist: split => mnist(split as MnistSplit | undefined),
  'fashion-mnist': split => fashionMnist(split as MnistSplit | undefined),
  kmnist: split => kmnist(split as MnistSplit | undefined),
  svhn: split => svhn(split as SvhnSplit | undefined),
  imagenette: split => imagenette(split as ImagenetteSplit | undefined),
  imagewoof: split => imagewoof(split as ImagenetteSplit | undefined),
};
