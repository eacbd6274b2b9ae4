/** Records ops into a graph instead of running them, and turns the graph into one function. */
import { EngineError } from '../errors.ts';
import { AccessOrder } from './access-order.ts';
import { ATTRIBUTE, type Attribute, MUST_COMPILE } from './attributes.ts';
import { engineContext } from './context.ts';
import { bytesOf, DTYPE } from './dtype.ts';
import { checkOutputs, requireGraphs } from './eager.ts';
import { checkStatus, type GraphOutput, type Pointer } from './ffi.ts';
import {
  addConstant,
  addNode,
  addPlaceholder,
  deleteGraph,
  type Graph,
  inOrder,
  newGraph,
  nodeName,
  outputShape,
  outputType,
  toFunction,
} from './graph.ts';
import { describe, handleOf, newId, share, type TensorInfo, unshare } from './handles.ts';
import { RecordedOps } from './recorded-ops.ts';

/** Tensors made outside a trace become constants of its graph up to this size, since shape inference needs the small ones; inputs above. */
const CONSTANT_BYTES = 64 * 1024;

/** An op whose results are together no larger frees memory: what it was made of. */
const FEW_BYTES = 4096;

/** A graph turned into a function that the context knows by `name`. */
export interface GraphFunction {
  readonly name: string;
  readonly pointer: Pointer;
  /** Values from outside that the function reads, passed after its arguments. Owned here. */
  readonly captured: readonly Pointer[];
  /** Numbers of the variables among them. */
  readonly resources: readonly number[];
  readonly outputs: readonly { readonly shape: number[]; readonly dtype: number }[];
}

interface Captured {
  readonly pointer: Pointer;
  readonly output: GraphOutput;
  readonly resource: boolean;
}

export class Trace {
  readonly who: string;
  /** The trace that was open when this one began. */
  readonly outer: Trace | undefined = current;
  refusal: EngineError | undefined;
  readonly #graph: Graph;
  readonly #nodes = new Map<number, { output: GraphOutput; op: string }>();
  readonly #inputs: GraphOutput[] = [];
  readonly #captured = new Map<number, Captured>();
  readonly #controls: Pointer[] = [];
  readonly #order = new AccessOrder();
  readonly #ops: RecordedOps | undefined;
  readonly #copied = new Set<string>();

  /**
   * @param inOrder Ops run one after the other as they were recorded, updates of variables as soon as they can (`schedule`). The library
   * would start whatever is ready, and hold the results of what it starts early: a ResNet step then takes a fifth more memory, for no
   * gain in time (`pnpm bench step`).
   */
  constructor(who: string, inOrder: boolean) {
    requireGraphs(who);
    this.who = who;
    this.#ops = inOrder ? new RecordedOps() : undefined;
    this.#graph = newGraph(engineContext().native);
  }

  has(id: number): boolean {
    return this.#nodes.has(id);
  }

  /** The op whose result a tensor is, here or in a trace around this one; nothing for tensors that have values. */
  opOf(id: number): string | undefined {
    const op = this.#nodes.get(id)?.op;
    return op === 'Const' ? undefined : (op ?? this.outer?.opOf(id));
  }

  /** The error of reading values here. Remembered, since a promise may swallow it: `refusal`. */
  refuseRead(op: string): EngineError {
    this.refusal = new EngineError(
      `compile: values cannot be read while compiling; the output of op '${op}' was; ` +
        'return the tensor from the compiled function and read it there',
    );
    return this.refusal;
  }

  /** `TF_DataType` of a tensor of this trace, or of one around it. */
  dtypeOf(id: number): number | undefined {
    const node = this.#nodes.get(id);
    return node ? outputType(this.#graph, node.output) : this.outer?.dtypeOf(id);
  }

  forget(id: number): void {
    this.#nodes.delete(id);
  }

  /** A new argument of the function. */
  input(shape: readonly number[], dtype: number): TensorInfo {
    const output = addPlaceholder(this.#graph, shape, dtype);
    this.#inputs.push(output);
    return this.#register('argument', output, [...shape], dtype);
  }

  /** Records one op. Throws `EngineError` with its name when it is refused or an output's shape is unknown. */
  record(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): TensorInfo[] {
    const from = inputs.map(id => this.#resolve(id));
    const oper = addNode(this.#graph, name, attributes, from);
    checkOutputs(name, outputs, this.#graph.native.c.TF_OperationNumOutputs!(oper));
    const infos = Array.from({ length: outputs }, (_, index) => {
      const output = { oper, index };
      return this.#register(name, output, this.#shapeOf(name, output), outputType(this.#graph, output));
    });
    this.#recorded(oper, from, infos);
    return infos;
  }

  /** Reads a variable after every write recorded so far. Its shape is known to the caller only. */
  read(resource: number, shape: readonly number[], dtype: number): TensorInfo {
    const typed = { name: 'dtype', type: ATTRIBUTE.type, value: dtype };
    const before = this.#order.beforeRead(resource);
    const oper = addNode(this.#graph, 'ReadVariableOp', [typed], [this.#resolve(resource)], before);
    this.#order.didRead(resource, oper);
    const shaped = [
      { name: 'T', type: ATTRIBUTE.type, value: dtype },
      { name: 'shape', type: ATTRIBUTE.shape, value: shape },
    ];
    const output = { oper: addNode(this.#graph, 'EnsureShape', shaped, [{ oper, index: 0 }]), index: 0 };
    this.#ops?.addRead(resource, output.oper, before);
    return this.#register('ReadVariableOp', output, [...shape], dtype);
  }

  /** Records an op that changes variables, after every earlier read and write of them. */
  write(name: string, attributes: readonly Attribute[], resources: readonly number[], inputs: readonly number[]): void {
    const before = this.#order.beforeWrite(resources);
    const from = [...resources, ...inputs].map(id => this.#resolve(id));
    const oper = addNode(this.#graph, name, attributes, from, before);
    const after = [...before, ...from.map(output => output.oper)];
    this.#ops?.addWrite(resources, { oper, name: nodeName(this.#graph, oper), after });
    this.#order.didWrite(resources, oper);
    this.#controls.push(oper);
  }

  /** Calls a function that captures nothing as one op of this graph; with `compiled`, XLA turns it into one kernel. */
  call(callee: GraphFunction, inputs: readonly number[], compiled: boolean): TensorInfo[] {
    const { native, pointer } = this.#graph;
    if (!this.#copied.has(callee.name)) {
      native.c.TF_GraphCopyFunction!(pointer, callee.pointer, null, native.status);
      checkStatus(native, () => `fused '${callee.name}'`);
      this.#copied.add(callee.name);
    }
    const from = inputs.map(id => this.#resolve(id));
    const oper = addNode(this.#graph, callee.name, compiled ? [MUST_COMPILE] : [], from);
    const infos = callee.outputs.map(({ shape, dtype }, index) =>
      this.#register(callee.name, { oper, index }, [...shape], dtype),
    );
    this.#recorded(oper, from, infos);
    return infos;
  }

  /** Ends the trace: the graph becomes the function `name` with these outputs. */
  finish(name: string, outputs: readonly number[]): GraphFunction {
    const { native } = this.#graph;
    const results = outputs.map(id => this.#resolve(id));
    const infos = results.map(output => ({
      shape: this.#shapeOf(name, output),
      dtype: outputType(this.#graph, output),
    }));
    const captured = [...this.#captured.values()];
    const inputs = [...this.#inputs, ...captured.map(({ output }) => output)];
    const unordered = toFunction(this.#graph, name, inputs, results, this.#controls);
    const pointer = this.#ops
      ? inOrder(this.#graph, unordered, this.#ops.chain(results.map(({ oper }) => oper)))
      : unordered;
    native.c.TFE_ContextAddFunction!(engineContext().pointer, pointer, native.status);
    checkStatus(native, () => `compile '${name}'`);
    deleteGraph(this.#graph);
    return {
      name,
      pointer,
      captured: captured.map(entry => entry.pointer),
      resources: [...this.#captured].filter(([, { resource }]) => resource).map(([id]) => id),
      outputs: infos,
    };
  }

  /** Ends the trace without a function. */
  abandon(): void {
    for (const { pointer } of this.#captured.values()) unshare(pointer);
    deleteGraph(this.#graph);
  }

  #recorded(oper: Pointer, from: readonly GraphOutput[], results: readonly TensorInfo[]): void {
    const bytes = results.reduce((sum, { shape, dtype }) => sum + sizeOf(shape, dtype), 0);
    const after = from.map(output => output.oper);
    this.#ops?.add({ oper, name: nodeName(this.#graph, oper), after, frees: bytes <= FEW_BYTES });
  }

  #register(op: string, output: GraphOutput, shape: number[], dtype: number): TensorInfo {
    const id = newId();
    this.#nodes.set(id, { output, op });
    return { id, shape, dtype };
  }

  #resolve(id: number): GraphOutput {
    const known = this.#nodes.get(id) ?? this.#captured.get(id);
    if (known) return known.output;
    const op = this.outer?.opOf(id);
    if (op !== undefined) {
      throw new EngineError(
        `${this.who}: must only use its arguments; it uses the output of op '${op}' of the function around it; pass that in`,
      );
    }
    return this.#fromOutside(id);
  }

  #fromOutside(id: number): GraphOutput {
    const handle = handleOf(id);
    const { shape, dtype } = describe(handle);
    const resource = dtype === DTYPE.resource;
    if (!resource && sizeOf(shape, dtype) <= CONSTANT_BYTES) {
      const output = addConstant(this.#graph, handle, dtype);
      this.#nodes.set(id, { output, op: 'Const' });
      return output;
    }
    const output = addPlaceholder(this.#graph, resource ? [] : shape, dtype);
    this.#captured.set(id, { pointer: share(id), output, resource });
    return output;
  }

  #shapeOf(op: string, output: GraphOutput): number[] {
    const shape = outputShape(this.#graph, output);
    if (shape?.every(size => size >= 0)) return shape;
    throw new EngineError(
      `compile: every shape must be known while compiling; output ${output.index} of op '${op}' is ${shape ? `[${shape}]` : 'of unknown rank'}; ` +
        'compute it outside the compiled function, or use an op whose result has a fixed size',
    );
  }
}

function sizeOf(shape: readonly number[], dtype: number): number {
  return shape.reduce((product, size) => product * size, bytesOf(dtype));
}

let current: Trace | undefined;

/** The trace that ops are being recorded into, if any. */
export function currentTrace(): Trace | undefined {
  return current;
}

/** Runs `body` with ops recorded into `trace` (or run at once, with `undefined`). */
export function tracing<R>(trace: Trace | undefined, body: () => R): R {
  const outer = current;
  current = trace;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Removes a function from the context and frees what it holds. */
export function deleteFunction({ name, pointer, captured }: GraphFunction): void {
  const { native, pointer: context } = engineContext();
  native.c.TFE_ContextRemoveFunction!(context, name, native.status);
  native.c.TF_DeleteFunction!(pointer);
  for (const handle of captured) unshare(handle);
}
