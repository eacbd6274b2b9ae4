/** State that lasts from step to step: parameters, statistics, queues, moments. */
import { attributes } from '../engine/attributes.ts';
import { DTYPE } from '../engine/dtype.ts';
import { runOp } from '../engine/eager.ts';
import { download, liveHandles, release, upload } from '../engine/handles.ts';
import { inUse } from '../engine/in-flight.ts';
import { currentTrace, tracing } from '../engine/trace.ts';
import { EngineError, ShapeError } from '../errors.ts';
import { type AttributeValue, idOf, wrap } from './native.ts';
import type { Tensor } from './tf.ts';

/** `param`: trained by gradient. `buffer`: carried along without one (statistics, queues, moments, a teacher). */
export type VariableKind = 'param' | 'buffer';

export interface VariableOptions {
  readonly kind?: VariableKind;
  /** For messages and checkpoints; modules name their variables by their place. */
  readonly name?: string;
  /**
   * Axes of PyTorch's layout in terms of ours, for weights whose axes differ there:
   * a convolution `[kh, kw, in, out]` is `[3, 2, 0, 1]`, a linear weight `[in, out]` is `[1, 0]`.
   */
  readonly torchAxes?: readonly number[];
}

let created = 0;

/**
 * A named value inside the library that ops update in place. Inside a compiled function, reads and writes are
 * ordered as they are written down. `dispose()` frees it; nothing else does.
 */
export class Variable {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly kind: VariableKind;
  readonly torchAxes: readonly number[] | undefined;
  name: string;
  readonly #resource: number;

  constructor(initial: Tensor, { kind = 'param', name, torchAxes }: VariableOptions = {}) {
    checkInitial(initial);
    this.shape = [...initial.shape];
    this.dtype = initial.dtype as 'float32' | 'int32';
    this.kind = kind;
    this.torchAxes = torchAxes;
    this.name = name ?? `variable${created}`;
    const handle = attributes({
      container: '',
      shared_name: `ssl/${created++}`,
      dtype: { dtype: this.dtype },
      shape: { shape: this.shape },
    });
    this.#resource = runOp('VarHandleOp', handle, [], 1)[0]!.id;
    tracing(undefined, () => this.assign(initial));
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** The current value. Inside `withReads` the tensor given there, so that gradients reach it. */
  read(): Tensor {
    const given = reads.at(-1)?.get(this);
    if (given) return given;
    const trace = currentTrace();
    if (trace) return wrap(trace.read(this.#resource, this.shape, DTYPE[this.dtype]));
    this.#idle();
    return wrap(runOp('ReadVariableOp', attributes({ dtype: { dtype: this.dtype } }), [this.#resource], 1)[0]!);
  }

  /** Replaces the value. Throws `ShapeError` when the shape differs. */
  assign(value: Tensor): void {
    if (value.shape.length !== this.shape.length || value.shape.some((length, i) => length !== this.shape[i])) {
      throw new ShapeError(`${this.name}: assigned values must be [${this.shape}]; got [${value.shape}]`);
    }
    this.update('AssignVariableOp', [value], { dtype: { dtype: this.dtype } });
  }

  /** Runs an op of the library that changes this variable (and `others`) in place; they are its first inputs. */
  update(
    op: string,
    inputs: readonly Tensor[],
    attrs: Readonly<Record<string, AttributeValue>>,
    others: readonly Variable[] = [],
  ): void {
    const changed = [this, ...others];
    if (unwritten) {
      for (const variable of changed) unwritten(variable);
      return;
    }
    const resources = changed.map(variable => variable.#resource);
    const ids = inputs.map(idOf);
    const trace = currentTrace();
    if (trace) {
      trace.write(op, attributes(attrs), resources, ids);
      return;
    }
    for (const variable of changed) variable.#idle();
    runOp(op, attributes(attrs), [...resources, ...ids], 0);
  }

  /** A copy of the values on the host. */
  values(): Float32Array | Int32Array {
    this.#idle();
    const { id } = runOp('ReadVariableOp', attributes({ dtype: { dtype: this.dtype } }), [this.#resource], 1)[0]!;
    try {
      return download(id) as Float32Array | Int32Array;
    } finally {
      release(id);
    }
  }

  /** Replaces the values by host values of the same count. */
  load(values: Float32Array | Int32Array): void {
    if (values.length !== this.size) {
      throw new ShapeError(`${this.name}: needs ${this.size} values for [${this.shape}]; got ${values.length}`);
    }
    this.#idle();
    const id = upload(this.shape, DTYPE[this.dtype], values);
    try {
      runOp('AssignVariableOp', attributes({ dtype: { dtype: this.dtype } }), [this.#resource, id], 0);
    } finally {
      release(id);
    }
  }

  dispose(): void {
    this.#idle();
    runOp('DestroyResourceOp', attributes({ ignore_lookup_error: true }), [this.#resource], 0);
    release(this.#resource);
  }

  /** A function that runs on another thread would see this change, or be seen half done, at any moment. */
  #idle(): void {
    if (!inUse(this.#resource)) return;
    throw new EngineError(
      `${this.name}: a variable must be left alone while a compiled function that uses it runs; await the call first`,
    );
  }
}

function checkInitial(initial: Tensor): void {
  const dtype: string = initial.dtype;
  if (dtype !== 'float32' && dtype !== 'int32') {
    throw new EngineError(`variable: values must be float32 or int32; got ${dtype}; cast them`);
  }
  const op = currentTrace()?.opOf(idOf(initial));
  if (op === undefined) return;
  throw new EngineError(
    `variable: first values must be known when a variable is made; got the output of op '${op}' of a function that is being compiled; make it outside`,
  );
}

const reads: Map<Variable, Tensor>[] = [];

/** Runs `body` with each variable read as the given tensor. */
export function withReads<R>(tensors: ReadonlyMap<Variable, Tensor>, body: () => R): R {
  reads.push(new Map([...(reads.at(-1) ?? []), ...tensors]));
  try {
    return body();
  } finally {
    reads.pop();
  }
}

let unwritten: ((variable: Variable) => void) | undefined;

/**
 * Runs `body` with every write to a variable left out, so that what is computed a second time moves no statistics again. A variable that `body`
 * writes and then reads has its old value there.
 * @param seen called with each variable that would have been written
 */
export function withoutWrites<R>(body: () => R, seen: (variable: Variable) => void = () => {}): R {
  const outer = unwritten;
  unwritten = seen;
  try {
    return body();
  } finally {
    unwritten = outer;
  }
}

/** How many native tensors and variables are alive: flat over a run, or something leaks. */
export function liveTensors(): number {
  return liveHandles();
}
