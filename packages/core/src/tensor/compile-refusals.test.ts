import { afterEach, describe, expect, test } from 'vitest';
import { currentTrace } from '../engine/trace.ts';
import { ConfigError, EngineError, ShapeError } from '../errors.ts';
import { compile } from './compile.ts';
import { inContext, stepRng } from './context.ts';
import { valueAndGradients } from './gradients.ts';
import { idOf, nativeOp, nativeOps } from './native.ts';
import { normal, rngFromKey, rngFromSeed } from './rng.ts';
import { type Tensor, tf } from './tf.ts';
import type { Tree } from './tree.ts';
import { liveTensors, Variable } from './variable.ts';

const x = tf.tensor2d([[1, -2]]);
const mask = tf.tensor1d([true, false], 'bool');
const float = { dtype: 'float32' } as const;

async function refusal(body: (x: Tensor, mask: Tensor) => unknown): Promise<Error> {
  const compiled = compile(body as (x: Tensor, mask: Tensor) => Tree, 'body');
  const error: unknown = await compiled(x, mask).catch((reason: unknown) => reason);
  expect(compiled.graphs).toBe(0);
  if (!(error instanceof Error)) throw new Error('not refused');
  return error;
}

afterEach(async () => {
  // Whatever was refused, nothing is left half open.
  expect(currentTrace()).toBeUndefined();
  expect([...x.add(1).dataSync()]).toEqual([2, -1]);
  const result = await compile((y: Tensor) => y.mul(2))(x);
  expect([...result.dataSync()]).toEqual([2, -4]);
});

describe('reads while compiling are refused with the op that made the tensor', () => {
  test.each<[string, string, (x: Tensor, mask: Tensor) => unknown]>([
    ['dataSync', 'Mul', y => y.mul(y).dataSync()],
    ['an argument', 'argument', y => y.arraySync()],
    ['data', 'Relu', y => y.relu().data()],
    ['whereAsync', 'argument', (_, m) => tf.whereAsync(m)],
    ['booleanMaskAsync', 'Reshape', (y, m) => tf.booleanMaskAsync(y.reshape([2]), m)],
    ['a variable', 'ReadVariableOp', () => new Variable(tf.scalar(1)).read().dataSync()],
    [
      'a read whose error is swallowed',
      'Exp',
      y => {
        try {
          y.exp().dataSync();
        } catch {}
        return y;
      },
    ],
  ])('%s', async (_, op, body) => {
    const { message } = await refusal(body);
    expect(message).toContain(`values cannot be read while compiling; the output of op '${op}' was`);
  });

  test('values that are known may be read', async () => {
    const known = tf.scalar(3);
    const result = await compile((y: Tensor) => y.mul(known.add(0)).add(known.dataSync()[0]!))(x);
    expect([...result.dataSync()]).toEqual([6, -3]);
  });
});

describe('unknown shapes are refused with the op', () => {
  test.each<[string, (x: Tensor, mask: Tensor) => unknown]>([
    ['Where', (_, m) => nativeOp('Where', [m], { T: { dtype: 'bool' } })],
    ['UniqueV2', y => tf.unique(y.reshape([2])).values],
    [
      'Bincount',
      y => nativeOp('Bincount', [y.cast('int32').reshape([2]), y.cast('int32').sum(), tf.zeros([0])], { T: float }),
    ],
  ])('%s', async (op, body) => {
    const error = await refusal(body);
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toMatch(
      new RegExp(`every shape must be known while compiling; output 0 of op '${op}' is \\[-1`),
    );
  });
});

describe('also refused', () => {
  test('an op that does not fit, with the shapes', async () => {
    const { message } = await refusal(y => nativeOp('MatMul', [y, y], { T: float }));
    expect(message).toMatch(
      /^op 'MatMul' on float32\[1,2\], float32\[1,2\] in a compiled function: Dimensions must be equal/,
    );
  });

  test('an op with another number of outputs', async () => {
    const { message } = await refusal(y => nativeOps('TopKV2', [y, tf.scalar(1, 'int32')], { T: float }, 3));
    expect(message).toBe("op 'TopKV2': must be asked for its 2 outputs; got 3");
  });

  test('what is neither tensor nor tree of tensors', async () => {
    expect(await refusal(() => 5)).toBeInstanceOf(ConfigError);
    expect((await refusal(async y => y)).message).toContain('got a promise');
  });

  test('random numbers that would be drawn once', async () => {
    for (const body of [
      () => tf.randomNormal([2]),
      (y: Tensor) => tf.dropout(y, 0.5),
      (y: Tensor) => y.mul(Math.random()),
    ]) {
      expect((await refusal(body)).message).toMatch(
        /^body_\d+: random numbers inside a compiled function must follow from a key/,
      );
    }
    const outer = compile((y: Tensor) => y.add(normal(stepRng('noise'), [2])));
    await expect(inContext({ rng: rngFromSeed(1) }, () => outer(x))).rejects.toThrow('must follow from a key');
    const inner = compile((key: Tensor) => inContext({ rng: rngFromKey(key) }, () => normal(stepRng('noise'), [2])));
    expect((await inner(tf.tensor1d([1, 2], 'int32'))).shape).toEqual([2]);
    expect(Math.random()).toBeLessThan(1);
  });

  test('a variable whose first values are not known', async () => {
    expect((await refusal(y => new Variable(y.add(1)).read())).message).toContain("got the output of op 'Add");
  });

  test('an error of the function itself, which comes out as it is', async () => {
    const own = new ShapeError('mine');
    const v = new Variable(tf.scalar(1));
    const failing = (inside: () => Tensor) => (): Tensor => valueAndGradients(() => v.read().mul(inside()), [v]).value;
    expect(
      await refusal(
        failing(() => {
          v.assign(tf.scalar(9));
          throw own;
        }),
      ),
    ).toBe(own);
    expect([...v.values()]).toEqual([1]);
    expect(failing(() => tf.scalar(2))().dataSync()[0]).toBe(2); // the tape is whole
  });
});

test('an op that fails while the function runs is named, and the function can run again', async () => {
  const pick = compile((from: Tensor, index: Tensor) => tf.gather(from.exp(), index), 'pick');
  const from = tf.tensor1d([0, 0]);
  await expect(pick(from, tf.tensor1d([5], 'int32'))).rejects.toThrow(
    /compiled function 'pick_\d+': .*indices\[0\] = 5 is not in \[0, 2\).*GatherV2_/s,
  );
  expect([...(await pick(from, tf.tensor1d([1], 'int32'))).dataSync()]).toEqual([1]);
});

test('a tensor that was made inside and not given back cannot be used outside', async () => {
  let kept: Tensor | undefined;
  await compile((y: Tensor) => {
    kept = tf.keep(y.add(1));
    return y;
  })(x);
  expect(() => kept!.dataSync()).toThrow('made inside a compiled function and not returned from it');
  kept!.dispose();
});

test('refusals leave no native tensors behind', async () => {
  const large = tf.ones([200, 200]);
  idOf(large);
  const before = liveTensors();
  for (let i = 0; i < 3; i++) await refusal(y => tf.add(y, large.sum()).dataSync());
  expect(liveTensors()).toBe(before);
});
