/** The native half that tfjs's node kernels expect (`TFJSBinding`), over our own eager execution and tracing. */
import { EngineError } from '../errors.ts';
import { ATTRIBUTE, type Attribute } from './attributes.ts';
import { engineContext, engineStarted } from './context.ts';
import { DTYPE } from './dtype.ts';
import { runOp } from './eager.ts';
import { download, downloadLater, liveHandles, release, type TensorInfo, upload, type Values } from './handles.ts';
import { currentTrace } from './trace.ts';

/** 64-bit scalars are made by tfjs's kernels for a single op and never deleted by them; we do it after that op. */
const passing = new Set<number>();

/** tfjs-node's `TFJSBinding`, and `tensorData`. */
export interface EngineBinding {
  readonly TensorMetadata: new () => object;
  readonly TFEOpAttr: new () => object;
  readonly [constant: `TF_${string}`]: number | string;
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
  loadSavedModel(): never;
  deleteSavedModel(): never;
  runSavedModel(): never;
  createTensor(shape: number[], dtype: number, values: ArrayLike<number>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Values;
  /** Not known to tfjs-node, which reads on the main thread whatever it is asked. */
  tensorData(id: number): Promise<Values>;
  executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): TensorInfo[];
}

export const binding: EngineBinding = {
  TensorMetadata: class {},
  TFEOpAttr: class {},
  TF_FLOAT: DTYPE.float32,
  TF_INT32: DTYPE.int32,
  TF_INT64: DTYPE.int64,
  TF_BOOL: DTYPE.bool,
  TF_COMPLEX64: DTYPE.complex64,
  TF_STRING: DTYPE.string,
  TF_RESOURCE: DTYPE.resource,
  TF_UINT8: DTYPE.uint8,
  TF_ATTR_STRING: ATTRIBUTE.string,
  TF_ATTR_INT: ATTRIBUTE.int,
  TF_ATTR_FLOAT: ATTRIBUTE.float,
  TF_ATTR_BOOL: ATTRIBUTE.bool,
  TF_ATTR_TYPE: ATTRIBUTE.type,
  TF_ATTR_SHAPE: ATTRIBUTE.shape,
  TF_ATTR_RESOURCE: ATTRIBUTE.resource,
  get TF_Version(): string {
    return engineContext().native.version;
  },

  /** Asked when the backend is registered, which must not load the library. */
  isUsingGpuDevice(): boolean {
    return engineStarted() && engineContext().devices.some(device => device.type === 'GPU');
  },
  getNumOfTensors: liveHandles,
  getNumOfSavedModels: (): number => 0,
  loadSavedModel: noSavedModels,
  deleteSavedModel: noSavedModels,
  runSavedModel: noSavedModels,

  createTensor(shape: number[], dtype: number, values: ArrayLike<number>): number {
    const id = upload(shape, dtype, values);
    if (dtype === DTYPE.int64) passing.add(id);
    return id;
  },

  deleteTensor(id: number): void {
    const trace = currentTrace();
    if (trace?.has(id)) trace.forget(id);
    release(id);
  },

  tensorDataSync(id: number): Values {
    checkReadable(id);
    return download(id);
  },

  tensorData(id: number): Promise<Values> {
    checkReadable(id);
    return downloadLater(id);
  },

  executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): TensorInfo[] {
    const trace = currentTrace();
    try {
      return trace ? trace.record(name, attributes, inputs, outputs) : runOp(name, attributes, inputs, outputs);
    } finally {
      if (passing.size > 0) {
        for (const id of inputs) if (passing.delete(id)) release(id);
      }
    }
  },
};

function checkReadable(id: number): void {
  const trace = currentTrace();
  const op = trace?.opOf(id);
  if (trace && op !== undefined) throw trace.refuseRead(op);
}

function noSavedModels(): never {
  throw new EngineError('engine: SavedModel files are not supported; save weights as safetensors');
}
