/** Runs single ops and registered functions. */
import { EngineError } from '../errors.ts';
import { type Attribute, isListLength, listLength, setAttribute } from './attributes.ts';
import { type Context, engineContext } from './context.ts';
import { dtypeName } from './dtype.ts';
import { checkStatus, type Pointer } from './ffi.ts';
import { adopt, describe, handleOf, release, type TensorInfo } from './handles.ts';
import { inOrder } from './in-flight.ts';

/** Runs one op now and returns its outputs. Throws `EngineError` with the op's name and the inputs' shapes. */
export function runOp(
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly number[],
  outputs: number,
): TensorInfo[] {
  const context = engineContext();
  const handles = inputs.map(handleOf);
  const op = prepare(context, name, attributes, handles);
  const buffers = outputBuffers(outputs);
  context.native.c.TFE_Execute!(op, buffers.pointers, buffers.count, context.native.status);
  context.native.c.TFE_DeleteOp!(op);
  checkStatus(context.native, () => failure(name, handles));
  const infos = adoptAll(buffers);
  if (infos.length < outputs) for (const { id } of infos) release(id);
  checkOutputs(name, outputs, infos.length);
  return infos;
}

/** Throws `EngineError` when an op is asked for more outputs than it has. */
export function checkOutputs(op: string, asked: number, has: number): void {
  if (asked > has) throw new EngineError(`op '${op}': must be asked for its ${has} outputs; got ${asked}`);
}

/**
 * Runs a registered function on a worker thread; the event loop stays free meanwhile. Functions that share a variable
 * (`resources`) run one after another. The inputs may be released as soon as this returns.
 */
export async function runFunction(
  name: string,
  handles: readonly Pointer[],
  outputs: number,
  resources: readonly number[] = [],
): Promise<TensorInfo[]> {
  const context = engineContext();
  const op = prepare(context, name, [], handles);
  return inOrder(resources, () => execute(context, op, name, outputs));
}

async function execute(context: Context, op: Pointer, name: string, outputs: number): Promise<TensorInfo[]> {
  const { c } = context.native;
  const buffers = outputBuffers(outputs);
  const status: Pointer = c.TF_NewStatus!(); // its own: other ops may run while this one does
  try {
    await new Promise<void>((resolve, reject) => {
      c.TFE_Execute!.async(op, buffers.pointers, buffers.count, status, (error: Error | null) => {
        if (error) reject(error);
        else resolve();
      });
    });
    checkStatus(context.native, () => `compiled function '${name}'`, status);
  } finally {
    c.TFE_DeleteOp!(op);
    c.TF_DeleteStatus!(status);
  }
  return adoptAll(buffers);
}

function prepare(
  context: Context,
  name: string,
  attributes: readonly Attribute[],
  handles: readonly Pointer[],
): Pointer {
  const { native } = context;
  const { c, status } = native;
  const op: Pointer = c.TFE_NewOp!(context.pointer, name, status);
  checkStatus(native, () => `op '${name}'`);
  try {
    for (const attribute of attributes) {
      if (!isListLength(name, attribute)) setAttribute(native, 'TFE_OpSetAttr', op, attribute);
    }
    const list = listLength(name, handles.length);
    if (list > 0) c.TFE_OpAddInputList!(op, BigUint64Array.from(handles.slice(0, list)), list, status);
    for (const handle of handles.slice(list)) c.TFE_OpAddInput!(op, handle, status);
    checkStatus(native, () => failure(name, handles));
  } catch (error) {
    c.TFE_DeleteOp!(op);
    throw error;
  }
  return op;
}

interface OutputBuffers {
  readonly pointers: BigUint64Array;
  /** Room before the call, outputs after it. */
  readonly count: Int32Array;
}

function outputBuffers(outputs: number): OutputBuffers {
  return { pointers: new BigUint64Array(Math.max(outputs, 1)), count: Int32Array.of(outputs) };
}

function adoptAll({ pointers, count }: OutputBuffers): TensorInfo[] {
  return Array.from(pointers.subarray(0, count[0]), adopt);
}

function failure(name: string, handles: readonly Pointer[]): string {
  const inputs = handles.map(handle => {
    const { shape, dtype } = describe(handle);
    return `${dtypeName(dtype)}[${shape}]`;
  });
  return inputs.length > 0 ? `op '${name}' on ${inputs.join(', ')}` : `op '${name}'`;
}

/** Throws unless graphs can be built: old or reduced libraries run ops one by one only. */
export function requireGraphs(who: string): void {
  const { missing, version, library } = engineContext().native;
  if (missing.length === 0) return;
  throw new EngineError(
    `${who}: needs a library that can build graphs; version ${version} at ${library.directory} lacks ${missing.join(', ')}; ` +
      'run eagerly, or install a current one: npx @ssl/cli engine install',
  );
}
