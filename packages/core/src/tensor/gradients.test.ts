import { describe, expect, test } from 'vitest';
import { TrainingError } from '../errors.ts';
import { compile } from './compile.ts';
import { valueAndGradients, vectorJacobian } from './gradients.ts';
import { customGrad } from './native.ts';
import { type Tensor, tf } from './tf.ts';
import { liveTensors, Variable } from './variable.ts';

const numbers = (tensor: Tensor): number[] => [...tensor.dataSync()];
const square = (x: Tensor): Tensor =>
  customGrad([x], y => ({
    value: y.square(),
    saved: [y],
    gradient: (dy, [kept]) => vectorJacobian(z => z.mul(z), [kept!], dy),
  }));

describe('valueAndGradients', () => {
  test('gives the loss and the gradients in the order of the variables', () => {
    const [a, b] = [new Variable(tf.tensor1d([1, 2])), new Variable(tf.scalar(3))];
    const { value, gradients } = valueAndGradients(() => a.read().square().sum().mul(b.read()), [b, a]);
    expect([numbers(value), ...gradients.map(numbers)]).toEqual([[15], [5], [6, 12]]);
  });

  test('follows every read of a variable', () => {
    const a = new Variable(tf.scalar(3));
    const { gradients } = valueAndGradients(() => a.read().mul(a.read()).add(a.read()), [a]);
    expect(numbers(gradients[0]!)).toEqual([7]);
  });

  test('names the variables that the loss does not depend on, and leaves nothing behind', () => {
    const names = ['used', 'unused', 'stopped'];
    const [used, unused, stopped] = names.map(name => new Variable(tf.scalar(2), { name }));
    const before = liveTensors();
    const loss = (): Tensor => used!.read().add(tf.scalar(1).mul(stopped!.values()[0]!));
    const body = (): unknown => valueAndGradients(loss, [used!, unused!, stopped!]);
    expect(body).toThrow(TrainingError);
    expect(body).toThrow('it does not on unused, stopped;');
    expect(liveTensors()).toBe(before);
  });

  test('frees what it read, and all but its result', () => {
    const a = new Variable(tf.ones([3, 3]));
    const before = liveTensors();
    const { value, gradients } = valueAndGradients(() => a.read().matMul(a.read()).sum(), [a]);
    expect(liveTensors()).toBe(before + 2);
    tf.dispose([value, gradients]);
    expect(liveTensors()).toBe(before);
  });

  test('works when the loss is a variable itself', () => {
    const a = new Variable(tf.scalar(4));
    const { value, gradients } = valueAndGradients(() => a.read(), [a]);
    expect([numbers(value), numbers(gradients[0]!)]).toEqual([[4], [1]]);
  });

  test('inside a loss, another loss', () => {
    const a = new Variable(tf.scalar(3));
    const { gradients } = valueAndGradients(() => {
      const inner = valueAndGradients(() => a.read().pow(3), [a]);
      return a.read().mul(2).add(inner.gradients[0]!.mul(0));
    }, [a]);
    expect(numbers(gradients[0]!)).toEqual([2]);
  });
});

describe('vectorJacobian', () => {
  test('weighs the gradients, and is zero for what is not used', () => {
    const [x, y, i] = [tf.tensor1d([1, 2]), tf.ones([3]), tf.tensor1d([5], 'int32')];
    const gradients = vectorJacobian(a => a.square(), [x, y, i], tf.tensor1d([1, 10]));
    expect(gradients.map(numbers)).toEqual([[2, 40], [0, 0, 0], [0]]);
    expect(gradients.map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32']);
  });

  test.each([false, true])('in the middle of another backward pass, more than once (compiled: %s)', async compiled => {
    const a = new Variable(tf.tensor1d([2, -3]));
    const step = (): Tensor[] => {
      const { value, gradients } = valueAndGradients(() => square(square(a.read())).mul(square(a.read())).sum(), [a]);
      return [value, ...gradients]; // a⁶ and 6a⁵
    };
    const [value, gradient] = compiled ? await compile(step)() : step();
    expect(numbers(value!)).toEqual([64 + 729]);
    expect(numbers(gradient!)).toEqual([192, -1458]);
    expect(tf.engine().state.gradientDepth).toBe(0);
    expect(tf.engine().state.activeTape).toBeFalsy();
  });

  test('in the middle of the forward pass of an op', () => {
    const slope = (x: Tensor): Tensor =>
      customGrad([x], y => ({
        value: vectorJacobian(z => z.pow(3), [y], tf.onesLike(y))[0]!,
        saved: [y],
        gradient: (dy, [kept]) => [dy.mul(kept!.mul(6))],
      }));
    const a = new Variable(tf.scalar(2));
    const { value, gradients } = valueAndGradients(() => slope(a.read()), [a]);
    expect([numbers(value), numbers(gradients[0]!)]).toEqual([[12], [12]]);
  });

  test('an error inside leaves the tape as it was', () => {
    const a = new Variable(tf.scalar(3));
    const bad = (): Tensor => {
      throw new Error('inside');
    };
    const loss = (): Tensor => {
      expect(() => vectorJacobian(bad, [tf.scalar(1)], tf.scalar(1))).toThrow('inside');
      return a.read().square();
    };
    expect(numbers(valueAndGradients(loss, [a]).gradients[0]!)).toEqual([6]);
    expect(tf.engine().state.gradientDepth).toBe(0);
  });
});
