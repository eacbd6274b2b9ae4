/** Keeps functions that use the same variable in the order in which they were called, though they run on other threads. */

/** Functions at once. Node has four threads for such work by default, and files are read on them too. */
const MOST_AT_ONCE = 3;

const lastUse = new Map<number, Promise<void>>();
const waiting: (() => void)[] = [];
let running = 0;

/** Whether a function that has not ended yet uses this variable. */
export function inUse(resource: number): boolean {
  return lastUse.has(resource);
}

/** Starts `run` when every earlier one that shares a variable with it has ended, well or not; at once if there is none. */
export function inOrder<R>(resources: readonly number[], run: () => Promise<R>): Promise<R> {
  const before = resources.map(resource => lastUse.get(resource)).filter(use => use !== undefined);
  const result = before.length === 0 ? inTurn(run) : Promise.all(before).then(() => inTurn(run));
  const forget = (): void => {
    for (const resource of resources) if (lastUse.get(resource) === ended) lastUse.delete(resource);
  };
  const ended: Promise<void> = result.then(forget, forget);
  for (const resource of resources) lastUse.set(resource, ended);
  return result;
}

async function inTurn<R>(run: () => Promise<R>): Promise<R> {
  while (running >= MOST_AT_ONCE) await new Promise<void>(resolve => waiting.push(resolve));
  running++;
  try {
    return await run();
  } finally {
    running--;
    waiting.shift()?.();
  }
}
