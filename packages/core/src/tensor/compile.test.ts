import { describe, expect, test } from 'vitest';
import { hasHandle } from '../engine/handles.ts';
import { compile } from './compile.ts';
import { inContext, stepContext } from './context.ts';
import { byteTensor, fromBytes, idOf } from './native.ts';
import { type Tensor, tf } from './tf.ts';
import type { Tree } from './tree.ts';
import { liveTensors, Variable } from './variable.ts';

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];

describe('compile', () => {
  test('makes one graph for each combination of shapes and types', async () => {
    let captures = 0;
    const double = compile((x: Tensor) => {
      captures++;
      return x.add(x);
    });
    expect(double.graphs).toBe(0);
    for (const x of [
      tf.ones([2]),
      tf.zeros([2]),
      tf.ones([3]),
      tf.ones([3], 'int32'),
      tf.ones([3, 1]),
      tf.fill([2], 4),
    ]) {
      expect(numbers(await double(x))).toEqual(numbers(x.mul(tf.scalar(2, x.dtype))));
    }
    expect([captures, double.graphs]).toEqual([4, 4]);
  });

  test('keeps bytes and whole numbers apart, which tfjs calls by one name', async () => {
    const sum = compile((x: Tensor) => x);
    const wide = compile((x: Tensor) => fromBytes(x).sum());
    await sum(tf.tensor1d([1, 2], 'int32'));
    expect(numbers(await sum(byteTensor(Uint8Array.of(1, 255), [2])))).toEqual([1, 255]);
    expect(sum.graphs).toBe(2);
    expect(numbers(await wide(byteTensor(Uint8Array.of(1, 255), [2])))).toEqual([256]);
  });

  test('makes another graph for training, since layers act differently there', async () => {
    const mode = compile((x: Tensor) => (stepContext().training ? x.mul(2) : x.mul(3)));
    const x = tf.ones([1]);
    expect(numbers(await mode(x))).toEqual([3]);
    expect(numbers(await inContext({ training: true }, () => mode(x)))).toEqual([2]);
    expect(numbers(await mode(x))).toEqual([3]);
    expect(mode.graphs).toBe(2);
  });

  test('keeps the structure of arguments and results', async () => {
    const body = ({ a, rest }: { a: Tensor; rest: Tensor[] }, by: Tensor): Tree => ({
      list: [rest[1]!.mul(by), [], { deep: a.add(by) }],
      a: rest[0]!,
      none: {},
    });
    const result = (await compile(body)({ a: tf.scalar(1), rest: [tf.scalar(2), tf.scalar(3)] }, tf.scalar(10))) as {
      list: [Tensor, [], { deep: Tensor }];
      a: Tensor;
    };
    expect(Object.keys(result)).toEqual(['list', 'a', 'none']);
    expect([result.list[0], result.list[2].deep, result.a].flatMap(numbers)).toEqual([30, 11, 2]);
    expect(result.list[1]).toEqual([]);
  });

  test('gives back arguments, constants, and one tensor twice', async () => {
    const body = (x: Tensor): Tensor[] => {
      const y = x.add(1);
      return [x, y, y, tf.scalar(7), x];
    };
    const x = tf.ones([1]);
    const results = await compile(body)(x);
    x.dispose();
    expect(results.flatMap(numbers)).toEqual([1, 2, 2, 7, 1]);
    results[1]!.dispose();
    expect(results.slice(2).flatMap(numbers)).toEqual([2, 7, 1]);
  });

  test('takes no arguments and gives no results, too', async () => {
    const v = new Variable(tf.scalar(0));
    const count = compile((): Tree => {
      v.assign(v.read().add(1));
      return [];
    });
    expect([await count(), await count()]).toEqual([[], []]);
    expect([...v.values()]).toEqual([2]);
  });

  test('keeps what it captured when the original is gone, small or large', async () => {
    const small = tf.tensor1d([1, 2]);
    const large = tf.range(0, 40_000); // 160 kB: an input of the graph, not a constant
    const body = (x: Tensor): Tensor[] => [x.add(small), x.sum().add(large.max())];
    const compiled = compile(body);
    const before = (await compiled(tf.zeros([2]))).flatMap(numbers);
    tf.dispose([small, large]);
    expect((await compiled(tf.zeros([2]))).flatMap(numbers)).toEqual(before);
    expect(before).toEqual([1, 2, 39_999]);
  });

  test('leaves host values that were first used inside usable outside', async () => {
    const [small, large] = [tf.tensor1d([1, 2, 3]), tf.tensor1d(new Float32Array(20_000).fill(2))];
    const compiled = compile((x: Tensor) => x.add(small.sum()).add(large.sum()));
    expect(numbers(await compiled(tf.scalar(0)))).toEqual([40_006]);
    expect(numbers(small.add(1))).toEqual([2, 3, 4]);
    expect(numbers(large.sum())).toEqual([40_000]);
  });

  test('becomes part of another compiled function through `plain`, and cannot run inside one', async () => {
    const v = new Variable(tf.scalar(1));
    const inner = compile((x: Tensor) => {
      v.assign(v.read().add(x));
      return v.read().mul(2);
    }, 'inner');
    const outer = compile((x: Tensor) => inner.plain(x).add(100), 'outer');
    expect(numbers(await outer(tf.scalar(4)))).toEqual([110]);
    expect([inner.graphs, outer.graphs]).toEqual([0, 1]);
    const wrong = compile((x: Tensor) => [x, inner(x) as unknown as Tensor], 'wrong');
    await expect(wrong(tf.scalar(1))).rejects.toThrow(/'inner' was called in 'wrong_\d+'; call its `plain` there/);
  });

  test('dispose frees the graphs and what they captured, after the calls that still run', async () => {
    const large = tf.ones([200, 200]);
    idOf(large);
    const before = liveTensors();
    const compiled = compile((x: Tensor) => tf.matMul(x, large).sum());
    const x = tf.ones([200, 200]);
    const running = [compiled(x), compiled(x), compiled(x)];
    compiled.dispose();
    expect(compiled.graphs).toBe(0);
    for (const result of await Promise.all(running)) expect(numbers(result)).toEqual([200 ** 3]);
    const again = await compiled(x);
    expect([numbers(again)[0], compiled.graphs]).toEqual([200 ** 3, 1]);
    compiled.dispose();
    tf.dispose([x, again, ...(await Promise.all(running))]);
    expect(liveTensors()).toBe(before);
  });

  test('takes its arguments at the call: they may go before the result is there', async () => {
    const compiled = compile((x: Tensor) => tf.matMul(x, x).sum());
    const x = tf.ones([300, 300]);
    const running = compiled(x);
    const id = idOf(x);
    x.dispose();
    expect(hasHandle(id)).toBe(false);
    expect(numbers(await running)).toEqual([300 ** 3]);
  });
});
