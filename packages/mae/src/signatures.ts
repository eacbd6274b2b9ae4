/** How runs of MAE fail: told from what the step logs. RankMe says little here: it falls in sound runs too, and nothing pulls all pictures into one. */
import { recent, type Signature } from '@ssl/core';
import { cifar, defaults } from './config.ts';

/** Steps over which it must have stayed so, and epochs that must be over: every run starts like this. */
const [STEPS, EPOCHS] = [30, 3];
/** Share of the variance of the hidden patches that is explained at least by a network that has learnt something. */
const LEAST = 0.05;

export const signatures: readonly Signature[] = [
  {
    name: 'loss-stuck',
    cause:
      'whatever is seen, the decoder answers with the mean of all patches: the learning rate is far too high or too low, or too little is left to see',
    change: `learningRate to ${cifar.learningRate} for 256 pictures, and maskRatio to ${defaults.maskRatio}`,
    evidence({ lines }) {
      const shares = recent(lines, 'explained', STEPS);
      const most = Math.max(...shares);
      if (shares.length < STEPS || (lines.at(-1)!.epoch ?? 0) <= EPOCHS || most >= LEAST) return undefined;
      const loss = lines.at(-1)!.loss!.toPrecision(3);
      return `the loss is ${loss}: for ${STEPS} steps at most ${(100 * most).toFixed(1)} % of the hidden patches' variance is explained, and the mean of all patches explains 0 %`;
    },
  },
];
