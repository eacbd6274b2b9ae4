/** The data sets of the table and the one protocol for each: backbone, views, budget. Nothing in it was chosen on test data. */
import { type Backbone, backbone, type Recipe, resnet, type ViewPlan } from '@ssl/core';
import {
  colorJitter,
  type Dataset,
  horizontalFlip,
  plans,
  randomAffine,
  randomResizedCrop,
  subset,
  views,
} from '@ssl/core/data';
import { cifar10, emoji3, icons42, imagenette } from '@ssl/datasets';
import { iconBackbone, recipe as iconRecipe, iconViews } from '../examples/simclr/icons.ts';

/** Names of ready views and recipes that every method package has. */
export type Preset = 'cifar' | 'imagenet';

export interface ReproduceSet {
  readonly name: string;
  readonly title: string;
  /** What a number in the table is: `designers never seen, 446 classes`. */
  readonly question: string;
  /** Side at which pictures are kept. */
  readonly imageSize: number;
  readonly backbone: (seed: number) => Backbone;
  /** Two views for every method; absent, each method's own. */
  readonly views?: ViewPlan;
  /** Training for every method; absent, each method's own recipe of that name. */
  readonly recipe?: Recipe;
  /** The ready views and recipe of each method package, where the protocol has none of its own. */
  readonly preset?: Preset;
  readonly open: () => Promise<{ readonly train: Dataset; readonly test: Dataset }>;
  /** A part of train to learn from and another to choose settings on; the test is not looked at. */
  readonly openForTuning?: () => Promise<{ readonly train: Dataset; readonly test: Dataset }>;
}

/** Designers of icons-42's training part on whom settings are chosen: every fifth. */
async function iconsForTuning(): Promise<{ train: Dataset; test: Dataset }> {
  const all = await icons42('train');
  const designers = [...new Set(all.designers)].sort();
  const held = new Set(designers.filter((_, i) => i % 5 === 2));
  const places = (kept: boolean): number[] =>
    [...all.designers.keys()].filter(i => held.has(all.designers[i]!) !== kept);
  return { train: subset(all, places(true)), test: subset(all, places(false)) };
}

/** Emoji of the training part on which settings are chosen: every fifth, in all styles. */
async function emojiForTuning(): Promise<{ train: Dataset; test: Dataset }> {
  const all = await emoji3('train');
  const held = new Set([...new Set(all.ids)].sort().filter((_, i) => i % 5 === 2));
  const places = (kept: boolean): number[] => [...all.ids.keys()].filter(i => held.has(all.ids[i]!) !== kept);
  return { train: subset(all, places(true)), test: subset(all, places(false)) };
}

/** What the drawings of icons may look like, for coloured ones: colours change a little, and left and right mean nothing. */
const emojiViews: ViewPlan = views([
  {
    count: 2,
    size: 48,
    ops: [
      randomResizedCrop({ scale: [0.4, 1] }),
      randomAffine({ degrees: [-10, 10], shearX: [-8, 8], shearY: [-8, 8], scale: [0.9, 1.1], p: 0.5, fill: 1 }),
      horizontalFlip(),
      colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 }),
    ],
    normalize: { mean: [1, 1, 1], std: [0.5, 0.5, 0.5] },
  },
]);

const both = async (
  open: (split: 'train' | 'test') => Promise<Dataset>,
): Promise<{ train: Dataset; test: Dataset }> => {
  const [train, test] = await Promise.all([open('train'), open('test')]);
  return { train, test };
};

export const SETS: readonly ReproduceSet[] = [
  {
    name: 'icons-42',
    title: 'icons-42',
    question: 'the same thing by designers never seen, 446 classes',
    imageSize: 32,
    backbone: iconBackbone,
    views: iconViews,
    recipe: iconRecipe,
    open: () => both(icons42),
    openForTuning: iconsForTuning,
  },
  {
    name: 'emoji-3',
    title: 'emoji-3',
    question: 'the group of emoji never seen, 8 classes',
    imageSize: 32,
    backbone: seed =>
      resnet(
        'resnet10_narrow',
        { block: 'basic', layers: [1, 1, 1, 1], channels: [32, 64, 128, 256] },
        { zeroInitLast: false, seed },
      ),
    views: emojiViews,
    recipe: { ...iconRecipe, epochs: 12 },
    open: () => both(split => emoji3(split)),
    openForTuning: emojiForTuning,
  },
  {
    name: 'cifar10',
    title: 'CIFAR-10',
    question: 'class, 10 classes',
    imageSize: 32,
    backbone: seed => backbone('resnet18', { stem: 'cifar', seed }),
    preset: 'cifar',
    open: () => both(split => cifar10(split)),
  },
  {
    name: 'imagenette',
    title: 'Imagenette',
    question: 'class, 10 classes',
    imageSize: 146,
    backbone: seed => backbone('resnet18', { seed }),
    views: plans.simclr({ size: 128 }),
    preset: 'cifar',
    open: async () => ({
      train: await imagenette('train', { size: '160' }),
      test: await imagenette('val', { size: '160' }),
    }),
  },
];

/** What `pnpm reproduce <name>` trains on. */
export const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  icons: ['icons-42', 'emoji-3'],
  ...Object.fromEntries(SETS.map(({ name }) => [name, [name]])),
};
