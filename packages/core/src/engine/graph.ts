/** Builds a `TF_Graph` node by node. Knows nothing of tensors or traces: pointers in, pointers out. */
import { ATTRIBUTE, type Attribute, endsWithEmptyList, isListLength, listLength, setAttribute } from './attributes.ts';
import { dtypeName } from './dtype.ts';
import { checkStatus, copyFromNative, type GraphOutput, type Native, type Pointer } from './ffi.ts';
import { withOrder } from './function-def.ts';
import { withResolved } from './handles.ts';

export interface Graph {
  readonly native: Native;
  readonly pointer: Pointer;
  /** Nodes so far; makes their names unique. */
  nodes: number;
}

export function newGraph(native: Native): Graph {
  return { native, pointer: native.c.TF_NewGraph!(), nodes: 0 };
}

export function deleteGraph({ native, pointer }: Graph): void {
  native.c.TF_DeleteGraph!(pointer);
}

/** Adds an op that also waits for the nodes in `after`. Throws `EngineError` with its name and its inputs' shapes. */
export function addNode(
  graph: Graph,
  op: string,
  attributes: readonly Attribute[],
  inputs: readonly GraphOutput[],
  after: readonly Pointer[] = [],
): Pointer {
  const { c, status } = graph.native;
  const node = begin(graph, op);
  const list = listLength(op, inputs.length);
  if (list > 0) c.TF_AddInputList!(node, inputs.slice(0, list), list);
  for (const input of inputs.slice(list)) c.TF_AddInput!(node, input);
  if (endsWithEmptyList(op)) c.TF_AddInputList!(node, [], 0);
  for (const oper of new Set(after)) c.TF_AddControlInput!(node, oper);
  for (const attribute of attributes) {
    if (!isListLength(op, attribute)) setAttribute(graph.native, 'TF_SetAttr', node, attribute);
  }
  const oper: Pointer = c.TF_FinishOperation!(node, status);
  checkStatus(graph.native, () => {
    const shapes = inputs.map(input => `${dtypeName(outputType(graph, input))}[${outputShape(graph, input) ?? '?'}]`);
    return `op '${op}' on ${shapes.join(', ')} in a compiled function`;
  });
  return oper;
}

/** A constant with the values behind a tensor's handle. */
export function addConstant(graph: Graph, handle: Pointer, dtype: number): GraphOutput {
  const { c, status } = graph.native;
  const node = begin(graph, 'Const');
  withResolved(handle, tensor => c.TF_SetAttrTensor!(node, 'value', tensor, status));
  c.TF_SetAttrType!(node, 'dtype', dtype);
  const oper = c.TF_FinishOperation!(node, status);
  checkStatus(graph.native, () => "op 'Const'");
  return { oper, index: 0 };
}

/** What becomes an argument of the function. */
export function addPlaceholder(graph: Graph, shape: readonly number[], dtype: number): GraphOutput {
  const attributes: Attribute[] = [
    { name: 'dtype', type: ATTRIBUTE.type, value: dtype },
    { name: 'shape', type: ATTRIBUTE.shape, value: shape },
  ];
  return { oper: addNode(graph, 'Placeholder', attributes, []), index: 0 };
}

/** The inferred shape, -1 where a length is unknown; nothing when not even the rank is known. */
export function outputShape({ native, pointer }: Graph, output: GraphOutput): number[] | undefined {
  const { c, status } = native;
  const rank: number = c.TF_GraphGetTensorNumDims!(pointer, output, status);
  if (rank < 0) return undefined;
  const dims = new BigInt64Array(Math.max(rank, 1));
  if (rank > 0) c.TF_GraphGetTensorShape!(pointer, output, dims, rank, status);
  return Array.from(dims.subarray(0, rank), Number);
}

/** `TF_DataType` of an output. */
export function outputType({ native }: Graph, output: GraphOutput): number {
  return native.c.TF_OperationOutputType!(output);
}

/** Makes a function of the graph; the ops in `controls` run even if no output needs them. */
export function toFunction(
  graph: Graph,
  name: string,
  inputs: readonly GraphOutput[],
  outputs: readonly GraphOutput[],
  controls: readonly Pointer[],
): Pointer {
  const { native } = graph;
  const wanted = BigUint64Array.from(controls);
  const pointer: Pointer = native.c.TF_GraphToFunctionWithControlOutputs!(
    ...[graph.pointer, name, 0, -1, null, inputs.length, inputs, outputs.length, outputs, null],
    ...[wanted.length, wanted, null, null, null, native.status],
  );
  checkStatus(native, () => `compile '${name}'`);
  return pointer;
}

/** The function with an order of its ops, by each op's name the one before it, in place of the one given, which is deleted. */
export function inOrder({ native }: Graph, given: Pointer, before: ReadonlyMap<string, string>): Pointer {
  const { c, status } = native;
  const buffer: Pointer = c.TF_NewBuffer!();
  try {
    c.TF_FunctionToFunctionDef!(given, buffer, status);
    checkStatus(native, () => 'compile');
    const { data, length } = c.TF_GetBuffer!(buffer) as { data: Pointer; length: number };
    const ordered = withOrder(Buffer.from(copyFromNative(data, Number(length))), before);
    const pointer: Pointer = c.TF_FunctionImportFunctionDef!(ordered, ordered.length, status);
    checkStatus(native, () => 'compile');
    return pointer;
  } finally {
    c.TF_DeleteBuffer!(buffer);
    c.TF_DeleteFunction!(given);
  }
}

/** The name by which the functions made of the graph know an op. */
export function nodeName({ native }: Graph, oper: Pointer): string {
  return native.c.TF_OperationName!(oper);
}

function begin(graph: Graph, op: string): Pointer {
  // The library's messages name the node when an op fails while the function runs, so the node is named after its op.
  // Results of a function are called in small letters; a node of the same name would be renamed, so each has a capital.
  const name = `${op[0]!.toUpperCase()}${op.slice(1)}_${graph.nodes++}`;
  return graph.native.c.TF_NewOperation!(graph.pointer, op, name);
}
