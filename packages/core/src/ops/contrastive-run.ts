/** For tests: how far the memory of a process grows over `logSumExpSimilarities` and its gradient. */
import { readFileSync } from 'node:fs';
import { vectorJacobian } from '../tensor/gradients.ts';
import { normal, rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { logSumExpSimilarities, ownColumns } from './contrastive.ts';

/** MiB that `rows` × `rows` similarities need at the peak beyond what a quarter of the rows, in tiles of the same shape, did. */
export function growth(rows: number): number {
  lossAndGradient(rows / 4);
  const before = peakMb();
  lossAndGradient(rows);
  return peakMb() - before;
}

function lossAndGradient(rows: number): void {
  tf.tidy(() => {
    const z = normal(rngFromSeed(1), [rows, 32]);
    const exclude = ownColumns(rows);
    const loss = (x: Tensor): Tensor => logSumExpSimilarities(x, x, { temperature: 0.5, exclude }).mean();
    vectorJacobian(loss, [z], tf.scalar(1))[0]!.dataSync();
  });
}

function peakMb(): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024; // not Linux
  }
}
