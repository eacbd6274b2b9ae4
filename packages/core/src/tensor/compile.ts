import { runFunction } from '../engine/eager.ts';
import { handleOf } from '../engine/handles.ts';
import { currentTrace, deleteFunction, type GraphFunction, Trace, tracing } from '../engine/trace.ts';
import { EngineError } from '../errors.ts';
import { inContext, stepContext } from './context.ts';
import { dtypeOf, idOf, wrap } from './native.ts';
import { type Tensor, tf } from './tf.ts';
import { leaves, mapTree, signature, type Tree } from './tree.ts';

export interface Compiled<A extends readonly Tree[], R extends Tree> {
  /**
   * Runs off the event loop. The caller disposes of the result. Calls that share a variable run one after another, in
   * the order they were made; the arguments may be disposed of at once.
   */
  (...args: A): Promise<R>;
  /** The function as it was given: what another compiled function calls to make it part of itself. */
  readonly plain: (...args: A) => R;
  /** How many graphs there are: one for each combination of input shapes (and of training or not) met. */
  readonly graphs: number;
  /** Frees the graphs, as soon as no call of them is running. */
  dispose(): void;
}

interface Captured<R> {
  readonly graph: GraphFunction;
  readonly rebuild: (outputs: readonly Tensor[]) => R;
  running: number;
  disposed: boolean;
}

/**
 * Captures what `fn` does as one graph, once for each combination of input shapes, and runs that graph from then on.
 * `fn` takes and returns tensors (or arrays and records of them) and may read and write `Variable`s.
 *
 * Inside `fn` nothing can be read to the host and every shape must be known (`EngineError` names the op). Tensors from
 * outside are constants: pass what changes as an argument. Random numbers come from an `Rng` whose key is an argument.
 */
export function compile<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  name: string = fn.name || 'step',
): Compiled<A, R> {
  const cache = new Map<string, Captured<R>>();
  const run = async (args: A): Promise<R> => {
    const key = `${stepContext().training} ${signature(args)}`;
    let captured = cache.get(key);
    if (!captured) {
      captured = capture(fn, args, name);
      cache.set(key, captured);
    }
    return execute(captured, args);
  };
  const call = (...args: A): Promise<R> => {
    const outer = currentTrace();
    if (!outer) return run(args);
    throw new EngineError(
      `compile: a compiled function cannot run inside another; '${name}' was called in '${outer.who}'; call its \`plain\` there`,
    );
  };
  const dispose = (): void => {
    for (const captured of cache.values()) {
      captured.disposed = true;
      free(captured);
    }
    cache.clear();
  };
  return Object.defineProperties(call as Compiled<A, R>, {
    plain: { value: fn },
    graphs: { get: () => cache.size },
    dispose: { value: dispose },
  });
}

async function execute<R>(captured: Captured<R>, args: readonly Tree[]): Promise<R> {
  const { graph, rebuild } = captured;
  const inputs = leaves(args).map(tensor => handleOf(idOf(tensor)));
  captured.running++;
  try {
    const outputs = await runFunction(
      graph.name,
      [...inputs, ...graph.captured],
      graph.outputs.length,
      graph.resources,
    );
    return rebuild(outputs.map(wrap));
  } finally {
    captured.running--;
    free(captured);
  }
}

function free({ graph, running, disposed }: Captured<unknown>): void {
  if (disposed && running === 0) deleteFunction(graph);
}

function capture<A extends readonly Tree[], R extends Tree>(fn: (...args: A) => R, args: A, name: string): Captured<R> {
  const { graph, result } = traceFunction(
    name,
    trace => fn(...mapTree(args, tensor => wrap(trace.input(tensor.shape, dtypeOf(tensor))))),
    { inOrder: true },
  );
  const rebuild = (outputs: readonly Tensor[]): R => {
    let i = 0;
    return mapTree(result, () => outputs[i++]!);
  };
  return { graph, rebuild, running: 0, disposed: false };
}

let functions = 0;

/** Traces `body` into a function, with a number behind its name. The returned tree is only good for its structure: its tensors are gone. */
export function traceFunction<R extends Tree>(
  who: string,
  body: (trace: Trace) => R,
  { inOrder }: { readonly inOrder: boolean },
): { graph: GraphFunction; result: R } {
  const name = `${who}_${functions++}`; // one number for all kinds: the engine knows functions by name
  const trace = new Trace(name, inOrder);
  let finished: { graph: GraphFunction; result: R } | undefined;
  try {
    tracing(trace, () =>
      tf.tidy(() => {
        const result = withoutHostRandom(name, () => body(trace));
        if (result instanceof Promise) result.catch(() => {}); // refused below
        if (trace.refusal) throw trace.refusal;
        finished = { graph: trace.finish(name, leaves(result).map(idOf)), result };
      }),
    );
    return finished!;
  } catch (error) {
    trace.abandon();
    throw error;
  }
}

/** Random numbers drawn on the host would be drawn once and be constants of the graph from then on: refuses them. */
function withoutHostRandom<R>(who: string, body: () => R): R {
  const refuse = (): never => {
    throw new EngineError(
      `${who}: random numbers inside a compiled function must follow from a key that is its argument; ` +
        'others would be drawn once and never again; use rngFromKey(key)',
    );
  };
  const { random } = Math;
  Math.random = refuse; // tfjs's own draws start from it
  try {
    return inContext(stepContext().rng ? { rng: { next: refuse } } : {}, body);
  } finally {
    Math.random = random;
  }
}
