/** A rule of the method contract: what a loss carries on from the batch follows from the rows of all ranks. */
import type { Batch, Encoded, Method } from '../method/index.ts';
import { stateOf } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { acrossRanks } from './across-ranks.ts';
import { inTraining, keepingState, kitBatch, kitProgress, type MethodKitOptions } from './method-kit.ts';

const RANKS = 2;
/** Largest difference that sums in another order may make. */
const CLOSE = 1e-4;

/** A queue or a centre must be the same on every rank, and the one that a single process would have. */
export function carriedAlike(method: Method, kit: MethodKitOptions): void {
  const { parts, carried } = method;
  if (!parts || !carried) return;
  const batch = kitBatch(method, kit);
  const encoded = keepingState(method, () => inTraining(() => parts.encode(batch, kitProgress(method))));
  const state = [...stateOf(carried)];
  const after = (part: (x: Tensor) => Tensor): readonly (readonly number[])[] =>
    keepingState(method, () => {
      inTraining(() => parts.loss(rowsOf(encoded, part), sharedBatch(batch, part), kitProgress(method)));
      return state.map(([, variable]) => Array.from(variable.values()));
    });
  const whole = after(x => x);
  const ranks: (typeof whole)[] = [];
  acrossRanks(RANKS, rank => {
    ranks[rank] = after(x => tf.slice(x, (rank * x.shape[0]!) / RANKS, x.shape[0]! / RANKS));
    return tf.scalar(0);
  });
  const differs = state.filter((_, i) =>
    ranks.some(rank => rank[i]!.some((x, j) => !(Math.abs(x - whole[i]![j]!) < CLOSE))),
  );
  if (differs.length === 0) return;
  throw new Error(
    `what the loss carries on must be that of one process on every rank; it is not for ${differs.map(([name]) => name).join(', ')}: gather the rows, or sum over ranks`,
  );
}

function rowsOf(encoded: Encoded, part: (x: Tensor) => Tensor): Encoded {
  return Object.fromEntries(Object.entries(encoded).map(([name, x]) => [name, part(x)]));
}

function sharedBatch({ indices, labels, drawn }: Batch, part: (x: Tensor) => Tensor): Batch {
  return { views: [], indices: part(indices), drawn: rowsOf(drawn, part), ...(labels && { labels: part(labels) }) };
}
