import { MUST_COMPILE } from '../engine/attributes.ts';
import { runOp } from '../engine/eager.ts';
import { currentTrace, deleteFunction, type GraphFunction } from '../engine/trace.ts';
import { xlaAvailable } from '../engine/xla.ts';
import { EngineError } from '../errors.ts';
import { traceFunction } from './compile.ts';
import { vectorJacobian } from './gradients.ts';
import { customGrad, dtypeOf, idOf, wrap } from './native.ts';
import { type Tensor, tf } from './tf.ts';
import { signature } from './tree.ts';

/** Whether kernels are compiled at all; where not, each op of theirs is a pass over memory. */
export { xlaAvailable };

export interface FusedOptions {
  readonly name: string;
  /** From the value's gradient and the inputs to the inputs' gradients; without it, what the tape derives from `fn`. */
  readonly gradient?: (dy: Tensor, ...inputs: Tensor[]) => Tensor[];
}

/**
 * An op written as plain arithmetic on its arguments becomes one kernel, and its gradient another: XLA compiles both, for
 * the CPU or for CUDA, at the first use with given shapes. Where XLA is missing the plain ops run, with the same result.
 * The inputs are what stays in memory for the backward pass.
 */
export function fused(
  fn: (...inputs: Tensor[]) => Tensor,
  { name, gradient }: FusedOptions,
): (...inputs: Tensor[]) => Tensor {
  const forward = kernel(name, (...inputs) => [fn(...inputs)]);
  const derived = (dy: Tensor, ...inputs: Tensor[]): Tensor[] => vectorJacobian(fn, inputs, dy);
  const backward = kernel(`${name}_gradient`, (dy, ...inputs) => (gradient ?? derived)(dy!, ...inputs));
  return (...inputs) =>
    customGrad(inputs, (...args) => ({
      value: forward(args)[0]!,
      saved: args,
      gradient: (dy, saved) => backward([dy, ...saved]),
    }));
}

/** Functions whose body is being captured; one that is called meanwhile becomes part of it. */
let capturing = 0;

/** Plain arithmetic as one kernel, without a gradient. */
export function kernel(name: string, fn: (...inputs: Tensor[]) => Tensor[]): (inputs: readonly Tensor[]) => Tensor[] {
  const cache = new Map<string, GraphFunction>();
  return inputs => {
    if (capturing > 0 || !xlaAvailable()) return tf.tidy(() => fn(...inputs));
    const key = signature(inputs);
    let graph = cache.get(key);
    if (!graph) {
      graph = capture(name, fn, inputs);
      cache.set(key, graph);
    }
    const ids = inputs.map(idOf);
    const trace = currentTrace();
    return (trace ? trace.call(graph, ids, true) : runOp(graph.name, [MUST_COMPILE], ids, graph.outputs.length)).map(
      wrap,
    );
  };
}

function capture(name: string, fn: (...inputs: Tensor[]) => Tensor[], inputs: readonly Tensor[]): GraphFunction {
  capturing++;
  try {
    const { graph } = traceFunction(
      name,
      trace => fn(...inputs.map(tensor => wrap(trace.input(tensor.shape, dtypeOf(tensor))))),
      { inOrder: false }, // XLA finds its own
    );
    if (graph.captured.length === 0) return graph;
    deleteFunction(graph);
    throw new EngineError(
      `${name}: must only use its arguments and small constants; it uses ${graph.captured.length} variables or large tensors from outside; pass them in`,
    );
  } finally {
    capturing--;
  }
}
