/** Attributes of ops, in the form tfjs's kernels hand them over, and the ways to set them eagerly and in a graph. */
import { EngineError } from '../errors.ts';
import { DTYPE, type DTypeName } from './dtype.ts';
import type { Native, Pointer } from './ffi.ts';

/** The kinds of attribute: the numbers are ours alone, tfjs asks the binding for them. */
export const ATTRIBUTE = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5, resource: 6 } as const;

/** What tfjs calls `TFEOpAttr`. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | object | string | readonly number[];
}

/** Asks for a function to be compiled by XLA as a whole, or to fail. */
export const MUST_COMPILE: Attribute = { name: '_XlaMustCompile', type: ATTRIBUTE.bool, value: true };

/** Values for `attributes()`; numbers say whether they are whole or not, since the library insists. */
export type AttributeValue =
  | string
  | boolean
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly dtype: DTypeName }
  | { readonly shape: readonly number[] };

/** `{ T: { dtype: 'float32' }, keep_dims: true }` as the list that `executeOp` takes. */
export function attributes(values: Readonly<Record<string, AttributeValue>>): Attribute[] {
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === 'string') return { name, type: ATTRIBUTE.string, value };
    if (typeof value === 'boolean') return { name, type: ATTRIBUTE.bool, value };
    if ('int' in value) return { name, type: ATTRIBUTE.int, value: value.int };
    if ('ints' in value) return { name, type: ATTRIBUTE.int, value: value.ints };
    if ('float' in value) return { name, type: ATTRIBUTE.float, value: value.float };
    if ('dtype' in value) return { name, type: ATTRIBUTE.type, value: DTYPE[value.dtype] };
    return { name, type: ATTRIBUTE.shape, value: value.shape };
  });
}

/** Sets one attribute on an op that is about to run (`TFE_OpSetAttr`) or on a node of a graph (`TF_SetAttr`). */
export function setAttribute(
  { c, status }: Native,
  target: 'TFE_OpSetAttr' | 'TF_SetAttr',
  op: Pointer,
  attribute: Attribute,
): void {
  const { name, value } = attribute;
  switch (attribute.type) {
    case ATTRIBUTE.string:
      c[`${target}String`]!(op, name, value, Buffer.byteLength(value as string));
      return;
    case ATTRIBUTE.int:
      if (Array.isArray(value)) c[`${target}IntList`]!(op, name, BigInt64Array.from(value, BigInt), value.length);
      else c[`${target}Int`]!(op, name, value);
      return;
    case ATTRIBUTE.float:
      c[`${target}Float`]!(op, name, value);
      return;
    case ATTRIBUTE.bool:
      c[`${target}Bool`]!(op, name, value ? 1 : 0);
      return;
    case ATTRIBUTE.type:
      c[`${target}Type`]!(op, name, value);
      return;
    case ATTRIBUTE.shape: {
      const dims = BigInt64Array.from(value as number[], BigInt);
      if (target === 'TFE_OpSetAttr') c.TFE_OpSetAttrShape!(op, name, dims, dims.length, status);
      else c.TF_SetAttrShape!(op, name, dims, dims.length);
      return;
    }
    default:
      throw new EngineError(`engine: attribute '${name}' is of a kind (${attribute.type}) that is not supported`);
  }
}

/**
 * Ops that take a list of inputs, and how many single inputs follow it. The C API wants lists added as lists.
 * The attribute `N` of such an op is set by adding the list.
 */
const LIST_INPUT: Readonly<Record<string, number>> = { ConcatV2: 1, Pack: 0, AddN: 0, Einsum: 0, IdentityN: 0 };

/** Ops whose inputs end with a list that stays empty here; it has to be added all the same. */
const EMPTY_LIST_LAST: ReadonlySet<string> = new Set(['_FusedBatchNormEx']);

export function endsWithEmptyList(op: string): boolean {
  return EMPTY_LIST_LAST.has(op);
}

/** Where the list of inputs of an op ends, or 0 when it takes none. */
export function listLength(op: string, inputs: number): number {
  const singles = LIST_INPUT[op];
  return singles === undefined ? 0 : inputs - singles;
}

/** True for the attribute that adding a list has already set. */
export function isListLength(op: string, attribute: Attribute): boolean {
  return attribute.name === 'N' && op in LIST_INPUT;
}
