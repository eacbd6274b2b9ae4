/** Tensors in arrays and records, flattened and put together again. */
import { ConfigError } from '../errors.ts';
import { dtypeOf } from './native.ts';
import { type Tensor, tf } from './tf.ts';

export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree };

export function isTensor(value: unknown): value is Tensor {
  return value instanceof tf.Tensor;
}

/** The tensors of a tree, in a fixed order: arrays by index, records by insertion. */
export function leaves(tree: Tree): Tensor[] {
  return isTensor(tree) ? [tree] : children(tree).flatMap(([, child]) => leaves(child));
}

/** The same tree with every tensor replaced. */
export function mapTree<T extends Tree>(tree: T, replace: (tensor: Tensor) => Tensor): T {
  if (isTensor(tree)) return replace(tree) as T;
  if (Array.isArray(tree)) return tree.map(child => mapTree(child, replace)) as unknown as T;
  return Object.fromEntries(children(tree).map(([name, child]) => [name, mapTree(child, replace)])) as T;
}

/** Shapes, types and structure as a string: two trees with the same one can go through the same graph. */
export function signature(tree: Tree): string {
  if (isTensor(tree)) return `${dtypeOf(tree)}[${tree.shape}]`;
  if (Array.isArray(tree)) return `(${tree.map(signature).join()})`;
  return `{${children(tree)
    .map(([name, child]) => `${JSON.stringify(name)}:${signature(child)}`)
    .join()}}`;
}

/** Throws `ConfigError` for what is no tree: it would be lost without a word. */
function children(tree: Exclude<Tree, Tensor>): [string, Tree][] {
  const prototype: unknown = typeof tree === 'object' && tree !== null ? Object.getPrototypeOf(tree) : undefined;
  if (Array.isArray(tree) || prototype === Object.prototype || prototype === null) return Object.entries(tree);
  const what = tree instanceof Promise ? 'a promise (nothing asynchronous can be compiled)' : kindOf(tree);
  throw new ConfigError(
    `compile: arguments and results must be tensors, or arrays and plain objects of them; got ${what}; make numbers tensors with tf.scalar`,
  );
}

function kindOf(value: unknown): string {
  if (typeof value === 'object' && value !== null) return value.constructor.name;
  return typeof value === 'function' ? 'a function' : String(value);
}
