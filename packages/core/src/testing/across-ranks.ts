import { inContext, type World } from '../tensor/context.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

/**
 * Runs `body` as every rank of a world would, in one process and on one tape: collectives see the tensors of all ranks, and gradients flow
 * through them. Rank by rank and pass by pass: after `n` passes the results of the first `n` collectives are those of a real world.
 * @param body what one rank computes, run several times; eager only
 * @returns a result for each rank
 */
export function acrossRanks(size: number, body: (rank: number) => Tensor): Tensor[] {
  let known: readonly (readonly Tensor[])[] = [];
  for (let pass = 0; ; pass++) {
    const given: Tensor[][] = Array.from({ length: size }, () => []);
    const results = given.map((calls, rank) =>
      inContext({ world: simulated(size, rank, calls, known) }, () => body(rank)),
    );
    const calls = given[0]!.length;
    if (given.some(({ length }) => length !== calls)) {
      throw new Error(`acrossRanks: every rank must make the same collective calls; got ${given.map(g => g.length)}`);
    }
    if (pass >= calls) return results;
    known = Array.from({ length: calls }, (_, call) => given.map(each => each[call]!));
  }
}

function simulated(size: number, rank: number, calls: Tensor[], known: readonly (readonly Tensor[])[]): World {
  const all = (x: Tensor): Tensor[] => {
    calls.push(x);
    return [...(known[calls.length - 1] ?? Array<Tensor>(size).fill(x))];
  };
  return { rank, size, gather: x => tf.concat(all(x)), sum: x => tf.addN(all(x)) };
}
