import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { byteTensor } from './native.ts';
import { tf } from './tf.ts';
import { leaves, mapTree, signature, type Tree } from './tree.ts';

const [a, b, c] = [tf.ones([2]), tf.ones([3, 1], 'int32'), tf.scalar(1)];
const tree = { first: [a, { second: b }], third: c };

describe('trees', () => {
  test('give their tensors in order', () => {
    expect(leaves(tree)).toEqual([a, b, c]);
    expect(leaves([[], {}])).toEqual([]);
    expect(leaves(a)).toEqual([a]);
  });

  test('keep their structure when tensors are replaced', () => {
    const names = new Map([a, b, c].map((tensor, i) => [tensor, i]));
    const replaced = mapTree(tree, tensor => tf.scalar(names.get(tensor)!));
    expect(Object.keys(replaced)).toEqual(['first', 'third']);
    expect(leaves(replaced).map(tensor => tensor.dataSync()[0])).toEqual([0, 1, 2]);
    expect(Array.isArray(replaced.first)).toBe(true);
  });

  test('have the same signature only if one graph serves both', () => {
    const trees: Tree[] = [
      a,
      [a],
      [[a]],
      { a },
      { b: a },
      { a: [a] },
      [a, a],
      [],
      {},
      tf.ones([2, 1]),
      tf.ones([2], 'int32'),
      byteTensor(new Uint8Array(2), [2]),
      { a, b },
      { 'a:1[2],b': a },
    ];
    expect(new Set(trees.map(signature)).size).toBe(trees.length);
    expect(signature([tf.zeros([2]), { x: c }])).toBe(signature([a, { x: tf.scalar(5) }]));
  });

  test.each([
    [0.1, '0.1'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['text', 'text'],
    [() => a, 'a function'],
    [new Map([['a', a]]), 'Map'],
    [Float32Array.of(1), 'Float32Array'],
    [Promise.resolve(a), 'a promise'],
  ])('refuse what would be lost: %s', (value, named) => {
    for (const body of [leaves, signature, (wrong: Tree) => mapTree(wrong, tensor => tensor)]) {
      expect(() => body([a, value as unknown as Tree])).toThrow(ConfigError);
      expect(() => body({ x: value as unknown as Tree })).toThrow(`got ${named}`);
    }
  });
});
