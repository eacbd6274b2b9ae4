/** tfjs with our engine behind it. Every other file takes tfjs from here, so that there is one of it and it is set up. */
import util from 'node:util';
import tfjs from '@tensorflow/tfjs';
import { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';
import { binding } from '../engine/binding.ts';
import { guarded, mend } from './mended.ts';

// tfjs-node calls helpers that newer Node versions no longer have, or warn about.
Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray });

/** The whole of tfjs. Ops run on the native library; nothing is loaded before the first one. */
export const tf: typeof tfjs = tfjs;

export type Tensor = tfjs.Tensor;
export type TensorLike = tfjs.TensorLike;

// Falling back to tfjs's own CPU backend would be a silent hundredfold slowdown: take it away.
for (const name of ['cpu', 'webgl']) if (tf.engine().registryFactory[name]) tf.removeBackend(name);
tf.enableProdMode();
tf.registerBackend(
  'tensorflow',
  () =>
    guarded(
      new NodeJSKernelBackend(
        binding as unknown as ConstructorParameters<typeof NodeJSKernelBackend>[0],
        '@tensorflow/tfjs-node-gpu',
      ),
    ),
  3,
);
mend(tf);
tf.setBackend('tensorflow').catch((error: unknown) => {
  throw error;
});

/** What we use of tfjs-node's backend; some of it is private there, for want of a public way. */
export interface NodeBackend {
  readonly tensorMap: { get(dataId: object): { readonly id: number; readonly values: unknown } };
  read(dataId: object): Promise<unknown>;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(info: { id: number; shape: number[]; dtype: number }): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly object[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

export function backend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}
