/** Our side of `bench/losses.ts`. On its own, so that whoever only starts processes does not load the engine. */

import { barlowTwinsLoss } from '@ssl/barlow-twins';
import {
  compile,
  l2Normalize,
  logSumExpSimilarities,
  normal,
  rngFromSeed,
  stopGradient,
  type Tensor,
  tf,
  Variable,
  valueAndGradients,
} from '@ssl/core';
import { dcl, ntXent } from '@ssl/simclr';
import { peakMb, rounded } from './summary.ts';

export interface LossSetting {
  /** A key of `LOSSES`, here and in the twin. */
  readonly loss: string;
  readonly pairs: number;
  /** P */
  readonly width: number;
  /** Measured for at least so long after the warm-up. */
  readonly seconds: number;
}

/** What a process prints, ours and PyTorch's. */
export interface LossRun {
  /** Every step, the first ones too. */
  readonly ms: readonly number[];
  readonly cpu_ms: readonly number[];
  readonly peak_mb: number;
  /** With everything loaded and nothing made. */
  readonly idle_mb: number;
  readonly value: number;
}

const TEMPERATURE = 0.1;
const QUEUE = 65_536;
/** λ of Barlow Twins. */
const LAMBDA = 0.005;

interface OurLoss {
  /** z `[2B, P]`, and what more the loss takes, to a scalar. */
  readonly loss: (z: Tensor, ...more: Tensor[]) => Tensor;
  /** What is kept from step to step. */
  readonly more?: (width: number) => Tensor[];
}

/** By the twin's names. */
const LOSSES: Readonly<Record<string, OurLoss>> = {
  ntxent: { loss: z => ntXent(z, { temperature: TEMPERATURE }) },
  dcl: { loss: z => dcl(z, { temperature: TEMPERATURE }) },
  queue: { loss: infoNCE, more: width => [tf.tidy(() => l2Normalize(normal(rngFromSeed(2), [QUEUE, width])))] },
  barlow: {
    loss: z => {
      const [first, second] = tf.split(z, 2) as [Tensor, Tensor];
      return barlowTwinsLoss(first, second, { lambda: LAMBDA });
    },
  },
};

/** Queries against their keys and a queue, as in MoCo: no gradient to either. */
function infoNCE(z: Tensor, queue: Tensor): Tensor {
  const [query, key] = tf.split(l2Normalize(z), 2) as [Tensor, Tensor];
  const positives = query.mul(stopGradient(key)).sum(1).div(TEMPERATURE);
  const negatives = logSumExpSimilarities(query, queue, { temperature: TEMPERATURE, fixedColumns: true });
  return tf.softplus(negatives.sub(positives)).mean();
}

/** Value and gradient as one graph, on the same rows again and again. */
export async function runLoss({ loss: name, pairs, width, seconds }: LossSetting): Promise<LossRun> {
  tf.tidy(() => tf.zeros([1]).add(1).dataSync()); // loads the engine
  const idle_mb = peakMb();
  const { loss, more = () => [] } = LOSSES[name]!;
  const z = new Variable(tf.tidy(() => normal(rngFromSeed(1), [2 * pairs, width])));
  const kept = more(width);
  const run = compile((...rest: readonly Tensor[]) => {
    const { value, gradients } = valueAndGradients(() => loss(z.read(), ...rest), [z]);
    return [value, ...gradients];
  });
  const [ms, cpu_ms]: [number[], number[]] = [[], []];
  let value = Number.NaN;
  for (let left = 1000 * seconds; ms.length < 3 || left > 0; left -= ms.length > 1 ? ms.at(-1)! : 0) {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const results = await run(...kept);
    value = results[0]!.dataSync()[0]!;
    tf.dispose(results);
    const { user, system } = process.cpuUsage(cpu);
    ms.push(rounded(performance.now() - start));
    cpu_ms.push(rounded((user + system) / 1000));
  }
  return { ms, cpu_ms, peak_mb: peakMb(), idle_mb, value };
}
