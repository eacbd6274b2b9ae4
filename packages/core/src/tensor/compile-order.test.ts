import { describe, expect, test } from 'vitest';
import { EngineError } from '../errors.ts';
import { compile } from './compile.ts';
import { valueAndGradients } from './gradients.ts';
import { type Tensor, tf } from './tf.ts';
import { Variable } from './variable.ts';

const number = (tensor: Tensor): number => tensor.dataSync()[0]!;
const float = { dtype: { dtype: 'float32' } } as const;
const add = (v: Variable, by: Tensor): void => v.update('AssignAddVariableOp', [by], float);

/** A zero that takes a while to know. */
function slowZero(size: number): Tensor {
  let x = tf.ones([size, size]);
  for (let i = 0; i < 6; i++) x = tf.matMul(x, x).div(size);
  return x.mean().sub(1);
}

describe('reads and writes of a variable happen as they are written down', () => {
  const bodies: Record<string, (v: Variable, x: Tensor) => Tensor[]> = {
    'a read after a write': (v, x) => {
      v.assign(x);
      return [v.read()];
    },
    'a write after a read': (v, x) => {
      const before = v.read();
      v.assign(x);
      return [before];
    },
    'two writes': (v, x) => {
      v.assign(x.mul(100));
      v.assign(x);
      return [v.read()];
    },
    'writes in place between reads': (v, x) => {
      const first = v.read();
      add(v, x);
      const second = v.read();
      add(v, x.mul(10));
      return [first, second, v.read()];
    },
    'a write that depends on the read before it, twice': (v, x) => {
      v.assign(v.read().mul(2).add(x));
      v.assign(v.read().mul(2).add(x));
      return [v.read()];
    },
    'a write late in coming, then one at once': (v, x) => {
      v.assign(slowZero(200).add(x));
      add(v, x);
      return [v.read()];
    },
    'an update in place while what was read is still used': (v, x) => {
      const before = slowZero(200).add(v.read());
      const attrs = { T: { dtype: 'float32' }, use_locking: false } as const;
      v.update('ResourceApplyGradientDescent', [x, tf.scalar(2)], attrs);
      return [before, v.read()];
    },
    'a read late in coming of what is then overwritten': (v, x) => {
      const before = slowZero(200).add(v.read());
      add(v, x);
      return [before.add(v.read().mul(0)), v.read()];
    },
  };

  test.each(Object.entries(bodies))('%s', async (_, body) => {
    const [eager, compiled] = [new Variable(tf.scalar(3)), new Variable(tf.scalar(3))];
    const run = compile((x: Tensor) => body(compiled, x));
    for (const x of [5, 7].map(value => tf.scalar(value))) {
      const expected = tf.tidy(() => body(eager, x)).map(number);
      expect((await run(x)).map(number)).toEqual(expected);
      expect(compiled.values()).toEqual(eager.values());
    }
  });

  test('one variable updated by another, and both by one op', async () => {
    const [a, b] = [new Variable(tf.scalar(1)), new Variable(tf.scalar(10))];
    const attrs = { T: { dtype: 'float32' }, use_locking: false, use_nesterov: false } as const;
    const step = compile((rate: Tensor) => {
      b.assign(b.read().add(a.read())); //                                            b = 11
      a.update('ResourceApplyMomentum', [rate, tf.scalar(2), tf.scalar(0.5)], attrs, [b]); // b = 7.5, a = 1 - 7.5 rate
      return [a.read(), b.read()];
    });
    expect((await step(tf.scalar(1))).map(number)).toEqual([-6.5, 7.5]);
    expect([number(a.read()), number(b.read())]).toEqual([-6.5, 7.5]);
  });

  test('a write that no result needs still happens, in the middle of a gradient too', async () => {
    const [w, seen] = [new Variable(tf.scalar(3)), new Variable(tf.scalar(0), { kind: 'buffer' })];
    const step = compile((x: Tensor) => {
      const loss = (): Tensor => {
        add(seen, tf.scalar(1));
        return w.read().mul(x).square();
      };
      const { gradients } = valueAndGradients(loss, [w]);
      w.assign(w.read().sub(gradients[0]!.mul(0.25)));
      return [];
    });
    await step(tf.scalar(1));
    await step(tf.scalar(1));
    expect([number(w.read()), number(seen.read())]).toEqual([0.75, 2]);
  });

  test('what a run returned stays when a later run changes the variable in place', async () => {
    const v = new Variable(tf.tensor1d([1, 2]));
    const step = compile((x: Tensor) => {
      add(v, x);
      return v.read();
    });
    const one = tf.ones([2]);
    const results = [await step(one), await step(one), await step(one)];
    expect(results.map(number)).toEqual([2, 3, 4]);
  });
});

describe('several calls at once', () => {
  test('that share a variable run in the order they were made, whichever function they are of', async () => {
    const v = new Variable(tf.scalar(0));
    const append =
      (digit: number): (() => Tensor) =>
      () => {
        const before = v.read().add(slowZero(150));
        v.assign(before.mul(10).add(digit));
        return v.read();
      };
    const [one, two] = [compile(append(1)), compile(append(2))];
    const results = await Promise.all([one(), two(), two(), one(), two()]);
    expect(results.map(number)).toEqual([1, 12, 122, 1221, 12_212]);
    expect(number(v.read())).toBe(12_212);
  });

  test('give each its own result', async () => {
    const square = compile((x: Tensor) => slowZero(20).add(x.square()));
    const results = await Promise.all(Array.from({ length: 300 }, (_, i) => square(tf.scalar(i))));
    expect(results.map(number)).toEqual(Array.from({ length: 300 }, (_, i) => i * i));
  });

  test('one that fails does not stop the next', async () => {
    const v = new Variable(tf.tensor1d([1, 2]));
    const pick = compile((i: Tensor) => tf.gather(v.read(), i));
    const [bad, good] = [pick(tf.tensor1d([7], 'int32')), pick(tf.tensor1d([1], 'int32'))];
    await expect(bad).rejects.toThrow(EngineError);
    expect(number(await good)).toBe(2);
  });

  test('keep hands off their variables until they are done', async () => {
    const v = new Variable(tf.scalar(1), { name: 'weight' });
    const other = new Variable(tf.scalar(5));
    const step = compile(() => {
      add(v, slowZero(300).add(1));
      return v.read();
    });
    const running = step();
    const touches = [
      () => v.read(),
      () => v.values(),
      () => v.assign(tf.scalar(0)),
      () => v.load(Float32Array.of(0)),
      () => v.dispose(),
      () => other.update('AssignAddVariableOp', [tf.scalar(0)], float, [v]),
    ];
    for (const touch of touches) expect(touch).toThrow('weight: a variable must be left alone while');
    expect(number(other.read())).toBe(5);
    expect(number(await running)).toBe(2);
    expect(number(v.read())).toBe(2);
  });
});

test('the event loop stays free while a compiled function runs', async () => {
  // How long a size takes depends on the machine: it grows until there is something to wait for.
  for (let size = 600; ; size *= 2) {
    const slow = compile((x: Tensor) => slowZero(size).add(x));
    await slow(tf.scalar(0));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 2);
    const start = performance.now();
    await slow(tf.scalar(1));
    const ms = performance.now() - start;
    clearInterval(timer);
    if (ms < 40) continue;
    expect(ticks).toBeGreaterThan(4);
    return;
  }
});
