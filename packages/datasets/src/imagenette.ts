/** Ten classes of ImageNet as folders of JPEG files. Format: https://github.com/fastai/imagenette */
import { join } from 'node:path';
import { type ImageFolder, imageFolder } from '@ssl/core/data';
import { type ImagenetteSize, imagenetteFiles } from './catalog.ts';
import { checkChoice } from './check-choice.ts';
import { type OpenOptions, obtain, unpackArchives } from './obtain.ts';

export type ImagenetteSplit = 'train' | 'val';

export interface ImagenetteOptions extends OpenOptions {
  /** `320` (default) and `160`: the shorter side in pixels. `full`: as in ImageNet. */
  readonly size?: ImagenetteSize;
}

/** ImageNet's number of each class, with the first of its names. */
const NAMES: Readonly<Record<'imagenette' | 'imagewoof', Readonly<Record<string, string>>>> = {
  imagenette: {
    n01440764: 'tench',
    n02102040: 'English springer',
    n02979186: 'cassette player',
    n03000684: 'chain saw',
    n03028079: 'church',
    n03394916: 'French horn',
    n03417042: 'garbage truck',
    n03425413: 'gas pump',
    n03445777: 'golf ball',
    n03888257: 'parachute',
  },
  imagewoof: {
    n02086240: 'Shih-Tzu',
    n02087394: 'Rhodesian ridgeback',
    n02088364: 'beagle',
    n02089973: 'English foxhound',
    n02093754: 'Border terrier',
    n02096294: 'Australian terrier',
    n02099601: 'golden retriever',
    n02105641: 'Old English sheepdog',
    n02111889: 'Samoyed',
    n02115641: 'dingo',
  },
};

/**
 * Imagenette: photos of ten easily told classes of ImageNet, 9,469 to train and 3,925 in `val`. Downloaded on first use.
 * @throws DataError when it cannot be had, or its files are damaged.
 */
export async function imagenette(
  split: ImagenetteSplit = 'train',
  options: ImagenetteOptions = {},
): Promise<ImageFolder> {
  return open('imagenette', split, options);
}

/** Imagewoof: as Imagenette, ten breeds of dogs, 9,025 and 3,929. @throws DataError as {@link imagenette}. */
export async function imagewoof(
  split: ImagenetteSplit = 'train',
  options: ImagenetteOptions = {},
): Promise<ImageFolder> {
  return open('imagewoof', split, options);
}

async function open(
  name: 'imagenette' | 'imagewoof',
  split: ImagenetteSplit,
  options: ImagenetteOptions,
): Promise<ImageFolder> {
  checkChoice(name, 'split', split, ['train', 'val']);
  const { size = '320' } = options;
  checkChoice(name, 'size', size, ['full', '320', '160']);
  const folder = size === 'full' ? `${name}2` : `${name}2-${size}`;
  const dir = await obtain(imagenetteFiles(name, size), options, { folder, fill: unpackArchives });
  const pictures = await imageFolder(join(dir, split), { labels: 'folders' });
  const classes = pictures.classes!.map(wnid => NAMES[name][wnid] ?? wnid);
  return { ...pictures, name: `${name} ${split}`, classes };
}
