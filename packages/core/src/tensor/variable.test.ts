import { describe, expect, test } from 'vitest';
import { EngineError, ShapeError } from '../errors.ts';
import { tf } from './tf.ts';
import { liveTensors, Variable, withReads } from './variable.ts';

describe('Variable', () => {
  test('keeps its value until it is assigned another', () => {
    const v = new Variable(tf.tensor2d([[1, 2]]), { kind: 'buffer', name: 'mean', torchAxes: [1, 0] });
    expect(v).toMatchObject({
      shape: [1, 2],
      dtype: 'float32',
      kind: 'buffer',
      name: 'mean',
      torchAxes: [1, 0],
      size: 2,
    });
    const before = v.read();
    v.assign(before.add(1));
    expect([...before.dataSync()]).toEqual([1, 2]);
    expect([...v.values()]).toEqual([2, 3]);
    v.load(Float32Array.of(7, 8));
    expect([...v.read().dataSync()]).toEqual([7, 8]);
    expect([...before.dataSync()]).toEqual([1, 2]);
  });

  test('gives out copies: what was read stays as it was, also when the variable is changed in place', () => {
    const given = tf.tensor1d([1, 2]);
    const v = new Variable(given);
    const [read, values] = [v.read(), v.values()];
    v.update('AssignAddVariableOp', [tf.ones([2])], { dtype: { dtype: 'float32' } });
    expect([...v.values()]).toEqual([2, 3]);
    for (const seen of [given.dataSync(), read.dataSync(), values]) expect([...seen]).toEqual([1, 2]);
  });

  test('holds whole numbers and scalars, and is called something', () => {
    const v = new Variable(tf.scalar(3, 'int32'));
    expect(v.kind).toBe('param');
    expect(v.name).toMatch(/^variable\d+$/);
    expect(v.values()).toEqual(Int32Array.of(3));
    expect(v.read().dtype).toBe('int32');
  });

  test('updates several variables with one op of the library', () => {
    const [v, momentum] = [new Variable(tf.tensor1d([1])), new Variable(tf.tensor1d([0.5]))];
    const attrs = { T: { dtype: 'float32' }, use_locking: false, use_nesterov: false } as const;
    const [rate, gradient, decay] = [tf.scalar(0.1), tf.tensor1d([2]), tf.scalar(0.9)];
    v.update('ResourceApplyMomentum', [rate, gradient, decay], attrs, [momentum]);
    expect(momentum.values()[0]).toBeCloseTo(2.45, 6);
    expect(v.values()[0]).toBeCloseTo(1 - 0.245, 6);
  });

  test('says what is wrong with a value', () => {
    const v = new Variable(tf.zeros([2, 3]), { name: 'weight' });
    expect(() => v.assign(tf.zeros([3, 2]))).toThrow(ShapeError);
    expect(() => v.assign(tf.zeros([6]))).toThrow('weight: assigned values must be [2,3]; got [6]');
    expect(() => v.load(new Float32Array(5))).toThrow('weight: needs 6 values for [2,3]; got 5');
    expect(() => new Variable(tf.ones([2], 'bool'))).toThrow(EngineError);
  });

  test('is freed by dispose, with all it held', () => {
    const initial = tf.zeros([2]);
    initial.dataSync();
    const first = new Variable(initial);
    const before = liveTensors();
    const v = new Variable(initial);
    expect(liveTensors()).toBe(before + 1);
    v.values();
    v.load(new Float32Array(2));
    expect(liveTensors()).toBe(before + 1);
    v.dispose();
    expect(liveTensors()).toBe(before);
    expect(() => v.read()).toThrow(EngineError);
    first.dispose();
  });

  test('reads as the tensor it was given, in the innermost place', () => {
    const [v, w] = [new Variable(tf.scalar(1)), new Variable(tf.scalar(2))];
    const [one, two] = [tf.scalar(10), tf.scalar(20)];
    const seen = withReads(new Map([[v, one]]), () => withReads(new Map([[w, two]]), () => [v.read(), w.read()]));
    expect(seen).toEqual([one, two]);
    expect(() =>
      withReads(new Map([[v, one]]), () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(v.read()).not.toBe(one);
  });
});
