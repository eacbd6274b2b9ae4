/** The options of `ssl pretrain`: those of every run, those of the recipe, and the settings of the chosen method. */
import type { MethodPackage } from '@ssl/core';
import { DATA_OPTION, OPEN_OPTIONS } from './data-options.ts';
import type { OptionSpec, OptionSpecs, OptionValues } from './usage.ts';

/** Options of every run. */
export const RUN_OPTIONS: OptionSpecs = {
  method: { type: 'string', value: 'NAME', help: 'an installed method: its package without @ssl/' },
  data: DATA_OPTION,
  ...OPEN_OPTIONS,
  out: { type: 'string', value: 'DIR', help: 'run folder', default: 'runs/METHOD' },
  resume: { type: 'boolean', help: 'go on with the run in the run folder, if there is one' },
  backbone: {
    type: 'string',
    value: 'NAME',
    help: "network by timm's name",
    default: 'resnet18, or what the method needs',
  },
  stem: {
    type: 'string',
    value: 'imagenet|cifar',
    help: 'of a ResNet; default: cifar for views smaller than 64 pixels',
  },
  'patch-size': {
    type: 'number',
    value: 'PIXELS',
    help: "of a vision transformer or ConvNeXt; default: the name's or 4; 1 for ConvNeXts and views smaller than 64 pixels",
  },
  'drop-path': {
    type: 'number',
    help: 'of a vision transformer or ConvNeXt: share of images that leave out the last block',
    default: 0,
  },
  'grad-checkpointing': {
    type: 'boolean',
    help: 'activations of the network are made again, not kept: less memory, a third more time',
  },
  size: {
    type: 'number',
    value: 'PIXELS',
    help: 'height and width of a view; default: 224, or less where the pictures are smaller',
  },
  views: {
    type: 'string',
    value: 'NAME',
    help: "one of the method's view plans; default: its first, or what goes with its settings",
  },
  recipe: {
    type: 'string',
    value: 'NAME',
    help: "one of the method's recipes; default: its first, or what goes with its settings",
  },
  seed: { type: 'number', help: 'of the weights, the order of the images and the views', default: 0 },
  probe: {
    type: 'boolean',
    help: 'train a linear classifier on the features beside the method, and log its accuracy; needs labels',
  },
  'image-size': {
    type: 'number',
    value: 'PIXELS',
    help: 'height and width at which images are kept; default: by the views',
  },
  workers: { type: 'number', help: 'decoding threads; default: one fewer than there are cores, at most 8' },
  cache: {
    type: 'string',
    value: 'auto|memory|disk|none',
    help: 'where decoded images are kept; default: memory where they fit, else disk, else none',
  },
  'checkpoint-every': { type: 'number', value: 'STEPS', help: 'default: once an epoch' },
  'keep-checkpoints': { type: 'number', help: 'how many are kept', default: 2 },
  'stop-after': { type: 'number', value: 'STEPS', help: 'save and stop then, as with Ctrl-C' },
};

/** Changes to the recipe, by the key of `Recipe`. */
const RECIPE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  epochs: { type: 'number', help: 'passes over the images' },
  batchSize: { type: 'number', help: 'images in a step' },
  microBatchSize: { type: 'number', help: 'images that go through the network at once: less memory, the same batch' },
  learningRate: { type: 'number', help: 'for a batch of 256; scaled to the batch' },
  optimizer: { type: 'string', value: 'sgd|lars|adamw', help: 'how the weights follow the gradients' },
  momentum: { type: 'number', help: 'of sgd and lars' },
  b2: { type: 'number', help: 'β₂ of adamw' },
  finalLearningRate: { type: 'number', help: 'at the end of the run, not scaled; absent, 0' },
  weightDecay: { type: 'number', help: 'pull of the weights towards 0' },
  finalWeightDecay: { type: 'number', help: 'at the end of the run, along a cosine; absent, it stays' },
  warmupEpochs: { type: 'number', help: 'linear rise of the learning rate at the start' },
  scaling: { type: 'string', value: 'linear|sqrt|none', help: 'how the learning rate follows the batch' },
  clipNorm: { type: 'number', help: 'largest length of all gradients together' },
};

const kebab = (key: string): string => key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

/** `--batch-size` for `batchSize`. */
export const recipeOptions: OptionSpecs = renamed(RECIPE_OPTIONS, kebab);

/** The settings of a method as options: `--temperature`, or `--method-momentum` where a run's option has that name. */
export function methodOptions({ defaults }: MethodPackage): OptionSpecs {
  return Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => {
      const type = typeof value;
      const simple = type === 'string' || type === 'number' || type === 'boolean';
      return [
        methodOptionName(key),
        { type: simple ? type : 'json', help: 'setting of the method', default: value },
      ] as const;
    }),
  );
}

function methodOptionName(key: string): string {
  const name = kebab(key);
  return name in RUN_OPTIONS || name in recipeOptions ? `method-${name}` : name;
}

/** Those of the given options that change the recipe, by the key of `Recipe`. */
export function recipeOverrides(options: OptionValues): Record<string, unknown> {
  return picked(options, Object.keys(RECIPE_OPTIONS), kebab);
}

/** Those of the given options that are settings of the method, by its own keys. */
export function methodOverrides(options: OptionValues, method: MethodPackage): Record<string, unknown> {
  return picked(options, Object.keys(method.defaults), methodOptionName);
}

function picked(
  options: OptionValues,
  keys: readonly string[],
  nameOf: (key: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(keys.filter(key => nameOf(key) in options).map(key => [key, options[nameOf(key)]]));
}

function renamed(specs: OptionSpecs, rename: (key: string) => string): OptionSpecs {
  return Object.fromEntries(Object.entries(specs).map(([key, spec]) => [rename(key), spec]));
}
