import { describe, expect, test } from 'vitest';
import { EngineError } from '../errors.ts';
import { nativeOp, nativeOps } from '../tensor/native.ts';
import { tf } from '../tensor/tf.ts';
import { ATTRIBUTE, attributes } from './attributes.ts';
import { binding } from './binding.ts';
import { DTYPE } from './dtype.ts';
import { runOp } from './eager.ts';
import { download, downloadLater, liveHandles, release, upload } from './handles.ts';

const float = { dtype: 'float32' } as const;

describe('eager ops', () => {
  test('run on the library and give their values back', () => {
    const product = tf.matMul(tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[1], [10], [100]]));
    expect([...product.dataSync()]).toEqual([321]);
  });

  test('keep the values of every type that tensors have', () => {
    expect([...tf.tensor1d([1.5, -2]).add(1).dataSync()]).toEqual([2.5, -1]);
    expect([
      ...tf
        .tensor1d([2 ** 30, -3], 'int32')
        .sub(tf.scalar(1, 'int32'))
        .dataSync(),
    ]).toEqual([2 ** 30 - 1, -4]);
    expect([...tf.tensor1d([true, false], 'bool').logicalNot().dataSync()]).toEqual([0, 1]);
    const complex = tf.complex(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]));
    expect([...tf.real(complex).dataSync(), ...tf.imag(complex).dataSync()]).toEqual([1, 2, 3, 4]);
    expect([...complex.mul(complex).dataSync()]).toEqual([-8, 6, -12, 16]);
  });

  test('take empty tensors and scalars', () => {
    expect(tf.concat([tf.zeros([0, 3]), tf.ones([1, 3])]).shape).toEqual([1, 3]);
    expect([...tf.zeros([0, 3]).add(1).dataSync()]).toEqual([]);
    expect(tf.scalar(2).add(3).dataSync()[0]).toBe(5);
  });

  test('set attributes of every kind', () => {
    const attrs = {
      s: 'é',
      b: true,
      i: { int: -1 },
      is: { ints: [1, 2] },
      f: { float: 0.5 },
      d: float,
      h: { shape: [2] },
    };
    const kinds = attributes(attrs).map(({ type, value }) => [type, value]);
    expect(kinds).toEqual([
      [ATTRIBUTE.string, 'é'],
      [ATTRIBUTE.bool, true],
      [ATTRIBUTE.int, -1],
      [ATTRIBUTE.int, [1, 2]],
      [ATTRIBUTE.float, 0.5],
      [ATTRIBUTE.type, DTYPE.float32],
      [ATTRIBUTE.shape, [2]],
    ]);
    const pooled = nativeOp('AvgPool', [tf.range(0, 16).reshape([1, 4, 4, 1])], {
      T: float,
      ksize: { ints: [1, 2, 2, 1] },
      strides: { ints: [1, 2, 2, 1] },
      padding: 'VALID',
    });
    expect([...pooled.dataSync()]).toEqual([2.5, 4.5, 10.5, 12.5]);
    const leaky = nativeOp('LeakyRelu', [tf.tensor1d([-4, 4])], { T: float, alpha: { float: 0.25 } });
    expect([...leaky.dataSync()]).toEqual([-1, 4]);
    expect(nativeOp('EnsureShape', [tf.ones([2])], { T: float, shape: { shape: [2] } }).shape).toEqual([2]);
  });
});

describe('reading', () => {
  test('gives the same at once and later, also when the tensor is disposed of meanwhile', async () => {
    const before = liveHandles();
    const x = tf.range(0, 5).mul(tf.scalar(2));
    const [now, later] = [x.dataSync(), x.data()];
    tf.dispose(x);
    expect(await later).toEqual(now);
    expect(await tf.tensor1d([1, 2], 'int32').data()).toEqual(Int32Array.of(1, 2)); // not moved to the library yet
    expect(liveHandles()).toBe(before + 2); // what `range` and `scalar` made
  });

  test('says which tensor is gone', async () => {
    const x = tf.ones([2]).add(0);
    x.dispose();
    await expect(x.data()).rejects.toThrow('disposed');
    await expect(downloadLater(-5)).rejects.toThrow('tensor -5 does not exist');
  });
});

describe('errors of ops', () => {
  const failing = (body: () => unknown): string => {
    const before = liveHandles();
    try {
      tf.tidy(() => {
        body();
      });
    } catch (error) {
      expect(error).toBeInstanceOf(EngineError);
      expect(liveHandles()).toBe(before);
      return (error as Error).message;
    }
    throw new Error('did not fail');
  };

  test('name the op and the types and shapes of its inputs', () => {
    const message = failing(() => nativeOp('MatMul', [tf.ones([2, 3]), tf.ones([4, 5], 'int32')], { T: float }));
    expect(message).toMatch(/^op 'MatMul' on float32\[2,3\], int32\[4,5\]: /);
    expect(failing(() => nativeOp('MatMul', [tf.ones([2, 3]), tf.ones([4, 5])], { T: float }))).toContain(
      'size-incompatible',
    );
  });

  test('name an op that does not exist, and one that lacks inputs', () => {
    expect(failing(() => nativeOp('NoSuchOp', [tf.ones([2])], {}))).toMatch(/^op 'NoSuchOp': /);
    expect(failing(() => nativeOp('MatMul', [tf.ones([2, 2])], { T: float }))).toContain('expected 2 inputs, got 1');
  });

  test('say when an op has another number of outputs', () => {
    const two = (outputs: number): string =>
      failing(() => nativeOps('TopKV2', [tf.ones([3]), tf.scalar(1, 'int32')], { T: float }, outputs));
    expect(two(3)).toBe("op 'TopKV2': must be asked for its 2 outputs; got 3");
    expect(two(1)).toContain("op 'TopKV2'");
  });

  test('say that a disposed tensor was used', () => {
    const x = tf.ones([2, 3]);
    x.dispose();
    expect(failing(() => tf.add(x, 1))).toContain('float32[2,3] was disposed');
  });

  test('refuse types that tensors cannot have', () => {
    const cast = (to: 'float64' | 'int64' | 'half'): string =>
      failing(() => nativeOp('Cast', [tf.ones([2])], { SrcT: float, DstT: { dtype: to } }));
    for (const type of ['float64', 'int64', 'half'] as const) expect(cast(type)).toContain(`got ${type}[2] from an op`);
    expect(failing(() => tf.tensor(['a', 'b']).reshape([2, 1]))).toContain('of type string');
  });

  test('refuse attributes of unknown kind, and give the op back', () => {
    const id = upload([1], DTYPE.float32, [1]);
    const strange = { name: 'T', type: ATTRIBUTE.resource, value: 0 };
    expect(() => runOp('Identity', [strange], [id], 1)).toThrow(EngineError);
    release(id);
  });

  test('say when values do not fill the shape', () => {
    expect(() => upload([2, 2], DTYPE.float32, [1, 2, 3])).toThrow('float32 tensor [2,2] takes 16 bytes; got 12');
  });
});

describe('64-bit scalars', () => {
  test('that a kernel makes for one op are freed after it', () => {
    for (const value of [5, -5]) {
      const before = liveHandles();
      const scalar = binding.createTensor([], DTYPE.int64, Int32Array.of(value, value < 0 ? -1 : 0));
      const types = attributes({ SrcT: { dtype: 'int64' }, DstT: float });
      const [cast] = binding.executeOp('Cast', types, [scalar], 1);
      expect(liveHandles()).toBe(before + 1);
      expect([...download(cast!.id)]).toEqual([value]);
      binding.deleteTensor(cast!.id);
    }
  });

  test('are freed too when that op fails', () => {
    const before = liveHandles();
    const scalar = binding.createTensor([], DTYPE.int64, Int32Array.of(1, 0));
    expect(() => binding.executeOp('NoSuchOp', [], [scalar], 1)).toThrow(EngineError);
    expect(liveHandles()).toBe(before);
  });
});
