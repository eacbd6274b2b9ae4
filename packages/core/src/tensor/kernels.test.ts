import { describe, test } from 'vitest';
import { type Case, expectBothWays } from './both-ways.ts';
import { type Tensor, tf } from './tf.ts';

/** tfjs's kernels that training code may use: the same results and gradients eagerly and in a compiled function. */
const int = (values: number[] | number[][]): Tensor => tf.tensor(values, undefined, 'int32');
const any = (x: Tensor): never => x as never; // tfjs's types of fixed rank

const unary = (names: string, gradient = true): Record<string, Case> =>
  Object.fromEntries(
    names.split(' ').map(name => {
      const run = (tf as unknown as Record<string, (x: Tensor) => Tensor>)[name]!;
      return [name, { inputs: [[3, 4]], run: x => run(x), gradient }];
    }),
  );
const binary = (names: string, shapes: number[][], gradient = true): Record<string, Case> =>
  Object.fromEntries(
    names.split(' ').map(name => {
      const run = (tf as unknown as Record<string, (a: Tensor, b: Tensor) => Tensor>)[name]!;
      return [`${name} ${JSON.stringify(shapes)}`, { inputs: shapes, run: (a, b) => run(a!, b!), gradient }];
    }),
  );
const DIFFERENTIABLE =
  'abs acos asin atan sinh cosh tanh tan sin cos exp expm1 log log1p neg reciprocal relu relu6 elu selu sigmoid logSigmoid ' +
  'softplus sqrt rsqrt square sign step round ceil floor erf softmax logSoftmax asinh atanh leakyRelu clone logSumExp mean sum ' +
  'max min prod cumsum reverse transpose norm zerosLike onesLike';
const ARITHMETIC = 'add sub mul div divNoNan maximum minimum squaredDifference pow atan2 mod floorDiv';

const cases: Record<string, Case> = {
  ...unary(DIFFERENTIABLE),
  ...unary('isNaN isInf isFinite argMax argMin cumprod', false),
  ...binary(`${ARITHMETIC} prelu`, [
    [3, 4],
    [3, 4],
  ]),
  ...binary(ARITHMETIC, [[3, 4], [4]]),
  ...binary('maximum minimum squaredDifference', [
    [3, 1],
    [2, 1, 4],
  ]),
  ...binary('equal notEqual less lessEqual greater greaterEqual', [[3, 4], [4]], false),
  acosh: { inputs: [[3]], run: x => tf.acosh(x!.add(1.5)) },
  moments: { inputs: [[3, 4]], run: x => Object.values(tf.moments(x!, [0])) },
  'logical ops': {
    inputs: [[6], [6]],
    run: (a, b) => {
      const [p, q] = [a!.greater(0.5), b!.greater(0.5)];
      const all = [
        tf.logicalAnd(p, q),
        tf.logicalOr(p, q),
        tf.logicalXor(p, q),
        tf.logicalNot(p),
        tf.any(p),
        tf.all(q),
      ];
      return all.map(x => x.cast('int32'));
    },
    gradient: false,
  },
  'matMul, first transposed': {
    inputs: [
      [4, 3],
      [4, 5],
    ],
    run: (a, b) => tf.matMul(a!, b!, true),
  },
  'matMul, both transposed': {
    inputs: [
      [4, 3],
      [5, 4],
    ],
    run: (a, b) => tf.matMul(a!, b!, true, true),
  },
  'matMul of batches': {
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    run: (a, b) => tf.matMul(a!, b!, false, true),
  },
  'matMul of a batch and a matrix': {
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
    run: (a, b) => tf.matMul(a!, b!),
  },
  'fused.matMul': {
    inputs: [[3, 4], [4, 5], [5]],
    run: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, activation: 'relu' }),
  },
  dot: {
    inputs: [
      [3, 4],
      [4, 3],
    ],
    run: (a, b) => tf.dot(a!, b!),
  },
  outerProduct: { inputs: [[3], [4]], run: (a, b) => tf.outerProduct(any(a!), any(b!)) },
  einsum: {
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    run: (a, b) => tf.einsum('bij,bjk->bik', a!, b!),
    gradient: false,
  },
  addN: {
    inputs: [
      [3, 4],
      [3, 4],
      [3, 4],
    ],
    run: (...x) => tf.addN(x),
  },
  concat: {
    inputs: [
      [3, 4],
      [3, 2],
    ],
    run: (...x) => tf.concat(x, 1),
  },
  'concat of one': { inputs: [[3, 4]], run: (...x) => tf.concat(x, 1) },
  stack: {
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (...x) => tf.stack(x, 1),
  },
  unstack: { inputs: [[3, 4]], run: x => tf.unstack(x!, 1) },
  split: { inputs: [[3, 4]], run: x => tf.split(x!, 2, 1) },
  'split by sizes': { inputs: [[3, 4]], run: x => tf.split(x!, [1, 3], 1) },
  'unstack, split into one': { inputs: [[1, 4]], run: x => [...tf.unstack(x!), ...tf.split(x!, 1, 1)] },
  slice: { inputs: [[3, 4]], run: x => tf.slice(x!, [1, 1], [2, 2]) },
  stridedSlice: { inputs: [[3, 4]], run: x => tf.stridedSlice(x!, [0, 0], [3, 4], [2, 2]), gradient: false },
  pad: {
    inputs: [[3, 4]],
    run: x =>
      tf.pad(
        x!,
        [
          [1, 1],
          [0, 2],
        ],
        3,
      ),
  },
  mirrorPad: {
    inputs: [[3, 4]],
    run: x =>
      tf.mirrorPad(
        x!,
        [
          [1, 1],
          [0, 2],
        ],
        'reflect',
      ),
  },
  tile: { inputs: [[3, 4]], run: x => tf.tile(x!, [2, 3]) },
  broadcastTo: { inputs: [[3, 1]], run: x => tf.broadcastTo(x!, [2, 3, 4]) },
  reshape: { inputs: [[3, 4]], run: x => tf.reshape(x!, [2, -1]) },
  'expandDims, squeeze': { inputs: [[3, 4]], run: x => [tf.expandDims(x!, 1), tf.squeeze(x!.reshape([1, 12]))] },
  'transpose by axes': { inputs: [[3, 4, 2]], run: x => tf.transpose(x!, [2, 0, 1]) },
  cast: { inputs: [[3, 4]], run: x => [x!.mul(5).cast('int32'), x!.cast('bool')], gradient: false },
  clipByValue: { inputs: [[3, 4]], run: x => tf.clipByValue(x!, 0.3, 0.6) },
  'reductions over axes': {
    inputs: [[3, 4, 2]],
    run: x => [
      tf.mean(x!, [0, 2], true),
      tf.max(x!, [1], true),
      tf.sum(x!, [0]),
      tf.logSumExp(x!, 1),
      tf.norm(x!, 2, 1, true),
    ],
  },
  'cumsum from behind': { inputs: [[3, 4]], run: x => tf.cumsum(x!, 0, true, true) },
  where: {
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (a, b) => tf.where(a!.greater(b!), a!, b!.mul(2)),
  },
  'where, broadcast': {
    inputs: [
      [3, 4],
      [3, 1],
    ],
    run: (a, b) => tf.where(a!.greater(0.5), a!, b!),
  },
  gather: { inputs: [[5, 4], int([0, 2, 2, 4])], run: (x, i) => tf.gather(x!, i!) },
  'gather of columns': { inputs: [[5, 4], int([3, 0, 0])], run: (x, i) => tf.gather(x!, i!, 1) },
  'gather by a matrix': {
    inputs: [
      [5, 4],
      int([
        [0, 2],
        [2, 4],
      ]),
    ],
    run: (x, i) => tf.gather(x!, i!),
  },
  'gather in batches': {
    inputs: [
      [2, 4],
      int([
        [0, 2],
        [1, 3],
      ]),
    ],
    run: (x, i) => tf.gather(x!, i!, 1, 1),
  },
  unsortedSegmentSum: { inputs: [[4, 2], int([0, 2, 2, 1])], run: (x, i) => tf.unsortedSegmentSum(x!, any(i!), 3) },
  'indexing without gradients': {
    inputs: [[5, 4], [2, 4], int([[0], [2]])],
    run: (x, rows, i) => [tf.gatherND(x!, i!), tf.scatterND(i!, rows!, [5, 4]), tf.tensorScatterUpdate(x!, i!, rows!)],
    gradient: false,
  },
  oneHot: { inputs: [int([0, 2, 4])], run: i => tf.oneHot(i!, 5), gradient: false },
  topk: { inputs: [[3, 4]], run: x => Object.values(tf.topk(x!, 2)), gradient: false },
  'made from numbers': {
    inputs: [[3, 3]],
    run: x =>
      [tf.range(0, 3), tf.linspace(0, 1, 3), tf.fill([3], 2), tf.eye(3), tf.diag(tf.ones([3]))].map(y => x!.mul(y)),
  },
  'bincount, confusionMatrix': {
    inputs: [int([1, 1, 2]), int([0, 1, 2])],
    run: (a, b) => [tf.bincount(any(a!), any(tf.ones([3])), 4), tf.math.confusionMatrix(any(a!), any(b!), 3)],
    gradient: false,
  },
  bandPart: { inputs: [[4, 4]], run: x => tf.linalg.bandPart(x!, 1, 1) },
  qr: { inputs: [[4, 3]], run: x => tf.linalg.qr(x!), gradient: false },
  complex: {
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (a, b) => {
      const c = tf.fft(tf.complex(a!, b!));
      return [tf.real(c), tf.imag(tf.ifft(c)), tf.abs(c)];
    },
    gradient: false,
  },
};

describe('kernels give the same eagerly and compiled:', () => {
  test.each(Object.entries(cases))('%s', (_, wanted) => expectBothWays(wanted));
});
