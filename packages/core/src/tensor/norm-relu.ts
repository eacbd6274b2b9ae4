import { NORM_RELU, NORM_RELU_ATTRIBUTES, NORM_RELU_CHANNELS, normReluAvailable } from '../engine/norm-relu.ts';
import { currentTrace } from '../engine/trace.ts';

/** The op that is batch norm and its ReLU, and what it takes besides batch norm's attributes; nothing where the library has none for so many channels. */
export function normRelu(
  channels: number,
): { readonly op: string; readonly attributes: typeof NORM_RELU_ATTRIBUTES } | undefined {
  if (currentTrace() === undefined || channels % NORM_RELU_CHANNELS !== 0 || !normReluAvailable()) return undefined;
  return { op: NORM_RELU, attributes: NORM_RELU_ATTRIBUTES };
}
