/** In which order the ops of a compiled function run. */

/** An op as it was recorded. */
export interface RecordedOp {
  /** Numbers of the ops that come before it, smaller than its own. */
  readonly needs: readonly number[];
  /** It leaves next to nothing in memory: changes a variable, or gives a few numbers. */
  readonly frees: boolean;
}

/**
 * The order in which ops were recorded, save that those which free memory run as soon as what they need is there, together with the ops
 * that run for their sake alone: an optimizer's update follows upon its gradient, which then does not wait for all the others.
 * @returns the numbers of the ops
 */
export function schedule(ops: readonly RecordedOp[]): number[] {
  const users = ops.map((): number[] => []);
  for (const [i, { needs }] of ops.entries()) for (const need of needs) users[need]!.push(i);
  // Where an op runs: behind the op of this number, or as it; and which of those that go there it is.
  const place = ops.map((_, i) => i);
  const turn = ops.map(() => 0);
  const moved = new Set<number>();
  for (const [i, { frees }] of ops.entries()) {
    if (!frees) continue;
    const group = ownAncestors(i, ops, users, moved);
    const others = [...group].flatMap(member => ops[member]!.needs.filter(need => !group.has(need)));
    const behind = Math.max(-1, ...others.map(other => place[other]!));
    for (const member of [...group].sort((a, b) => a - b)) {
      place[member] = behind;
      turn[member] = moved.size + 1;
      moved.add(member);
    }
  }
  return ops.map((_, i) => i).sort((a, b) => place[a]! - place[b]! || turn[a]! - turn[b]!);
}

/** An op and all whose results nobody else uses, as far as they have not been moved. */
function ownAncestors(
  op: number,
  ops: readonly RecordedOp[],
  users: readonly (readonly number[])[],
  moved: ReadonlySet<number>,
): Set<number> {
  const group = new Set([op]);
  const open = [...ops[op]!.needs];
  while (open.length > 0) {
    // The latest first: its users, all recorded after it, have been looked at by then.
    const latest = Math.max(...open);
    open.splice(0, open.length, ...open.filter(other => other !== latest));
    if (moved.has(latest) || !users[latest]!.every(user => group.has(user))) continue;
    group.add(latest);
    open.push(...ops[latest]!.needs);
  }
  return group;
}
