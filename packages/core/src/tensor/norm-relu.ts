import { NORM_RELU, NORM_RELU_ATTRIBUTES, normReluAvailable } from '../engine/norm-relu.ts';
import { currentTrace } from '../engine/trace.ts';

/** The op that is batch norm and its ReLU, and what it takes besides batch norm's attributes; nothing where the library has none. */
export function normRelu(): { readonly op: string; readonly attributes: typeof NORM_RELU_ATTRIBUTES } | undefined {
  if (currentTrace() === undefined || !normReluAvailable()) return undefined;
  return { op: NORM_RELU, attributes: NORM_RELU_ATTRIBUTES };
}
