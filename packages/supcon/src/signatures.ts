/**
 * How runs fail: told from the loss, from the spread of the features and from what labels do in a batch. A rank that falls is no sign: the
 * features of a sound run come to lie around as many points as there are classes.
 */
import { lossStuckAt, recent, type Signature, staysBelow } from '@ssl/core';
import type { CrossEntropyConfig, SupConConfig } from './config.ts';

/** Spread of features that all point one way; after a ReLU sound ones stay above .3. */
const ALIKE = 0.05;
/** Steps over which a failure must last. */
const STEPS = 30;
/** Other images of an image's class, on average: below it, labels have next to no part in the loss. */
const ALONE = 0.05;
/** Mean loss as a share of ln K from which on classes are only guessed. */
const GUESSING = 0.98;
/** Share of the batch that is of the image's class: above it, there is nothing to tell apart. */
const ONE_CLASS = 0.95;

const collapse: Signature = staysBelow('featureStd', ALIKE, {
  cause: 'the features of all images are one: the images are copies of each other, or the steps were too large',
  change: 'divide learningRate by 10, when the images differ',
});

export function signaturesOf({ temperature, baseTemperature }: SupConConfig, views: number): Signature[] {
  const stuck = lossStuckAt(B => (temperature / baseTemperature) * Math.log(views * B - 1), {
    label: `τ / ${baseTemperature} · ln(${views}B − 1)`,
    tolerance: 0.003,
    cause: `at temperature ${temperature} all candidates count alike, or the features say nothing of the class`,
    change: 'set temperature to 0.1 or less; if it is, divide learningRate by 10',
  });
  return [onceWarm(stuck), collapse, noClassmates, oneClass];
}

/** A head without a norm starts with projections that are nearly one, and warm-up keeps them so for a while: that is no failure yet. */
function onceWarm(signature: Signature): Signature {
  const evidence: Signature['evidence'] = context => {
    const [epochs, rates] = ['epoch', 'learningRate'].map(name => recent(context.lines, name, STEPS));
    const begun = epochs![0] !== undefined && epochs![0] > 1 && rates![0]! >= rates!.at(-1)!;
    return begun ? signature.evidence(context) : undefined;
  };
  return { ...signature, evidence };
}

const noClassmates: Signature = staysBelow('classmates', ALONE, {
  name: 'no-classmates',
  cause: 'hardly any image has another of its class in the batch: this is SimCLR',
  change: 'set batchSize to at least the number of classes, if images have labels',
});

const oneClass: Signature = {
  name: 'one-class',
  cause: 'nearly all images have the same label: the loss pulls all together, and pushes none apart',
  change: 'train on data with several classes, about as many images each',
  evidence({ lines, batchSize }) {
    const classmates = recent(lines, 'classmates', STEPS);
    const bound = ONE_CLASS * (batchSize - 1);
    if (batchSize < 2 || classmates.length < STEPS || classmates.some(value => value < bound)) return undefined;
    return `an image has ${classmates.at(-1)!.toFixed(1)} others of its class in a batch of ${batchSize}`;
  },
};

export function crossEntropySignaturesOf({ classes }: CrossEntropyConfig): Signature[] {
  return [onceWarm(guessing(classes)), collapse, fewLabels];
}

/** Over several steps: the loss of one batch follows how many of each class are in it. */
function guessing(classes: number): Signature {
  return {
    name: 'loss-stuck',
    cause: 'the features say nothing of the class: the weight decay outweighs the gradient, or the steps are too large',
    change: 'set weightDecay to 0.0005 or less; if it is, divide learningRate by 10',
    evidence({ lines }) {
      const losses = recent(lines, 'loss', STEPS);
      const mean = losses.reduce((sum, loss) => sum + loss, 0) / STEPS;
      if (losses.length < STEPS || mean < GUESSING * Math.log(classes)) return undefined;
      return `the loss was ${mean.toFixed(3)} on average over ${STEPS} steps; guessing has ln ${classes} = ${Math.log(classes).toFixed(3)}`;
    },
  };
}

const fewLabels: Signature = staysBelow('labelled', ALONE, {
  name: 'few-labels',
  cause: 'hardly any image of a batch has a label: the rest is read and counts nothing',
  change: 'train on the labelled images alone, or with a method that needs no labels',
});
