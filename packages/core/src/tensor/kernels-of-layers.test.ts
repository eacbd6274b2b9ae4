import { describe, test } from 'vitest';
import { type Case, expectBothWays } from './both-ways.ts';
import { type Tensor, tf } from './tf.ts';

const any = (x: Tensor | undefined): never => x as never; // tfjs's types of fixed rank
const IMAGES = [2, 6, 6, 3];
const losses = tf.losses as unknown as Record<string, (labels: Tensor, predictions: Tensor) => Tensor>;
const loss = (name: string): Case => ({
  inputs: [
    [3, 4],
    [3, 4],
  ],
  run: (y, x) => losses[name]!(y!, x!),
});

const cases: Record<string, Case> = {
  conv2d: { inputs: [IMAGES, [3, 3, 3, 4]], run: (x, f) => tf.conv2d(any(x), any(f), 2, 'same') },
  'conv2d, dilated': {
    inputs: [IMAGES, [3, 3, 3, 4]],
    run: (x, f) => tf.conv2d(any(x), any(f), 1, 'same', 'NHWC', 2),
    gradient: false,
  },
  'fused.conv2d': {
    inputs: [IMAGES, [3, 3, 3, 4], [4]],
    run: (x, f, b) =>
      tf.fused.conv2d({ x: any(x), filter: any(f), strides: 1, pad: 'same', bias: b!, activation: 'relu' }),
  },
  conv1d: {
    inputs: [
      [2, 6, 3],
      [3, 3, 4],
    ],
    run: (x, f) => tf.conv1d(any(x), any(f), 1, 'same'),
  },
  conv3d: {
    inputs: [
      [1, 4, 4, 4, 2],
      [3, 3, 3, 2, 2],
    ],
    run: (x, f) => tf.conv3d(any(x), any(f), 1, 'same'),
  },
  conv2dTranspose: {
    inputs: [IMAGES, [3, 3, 4, 3]],
    run: (x, f) => tf.conv2dTranspose(any(x), any(f), [2, 6, 6, 4], 1, 'same'),
  },
  depthwiseConv2d: { inputs: [IMAGES, [3, 3, 3, 2]], run: (x, f) => tf.depthwiseConv2d(any(x), any(f), 1, 'same') },
  separableConv2d: {
    inputs: [IMAGES, [3, 3, 3, 1], [1, 1, 3, 4]],
    run: (x, f, p) => tf.separableConv2d(any(x), any(f), any(p), 1, 'same'),
  },
  'maxPool, avgPool': {
    inputs: [IMAGES],
    run: x => [tf.maxPool(any(x), 3, 2, 'same'), tf.avgPool(any(x), 2, 2, 'valid')],
  },
  'pooling in 3-D': {
    inputs: [[1, 4, 4, 4, 2]],
    run: x => [tf.maxPool3d(any(x), 2, 2, 'valid'), tf.avgPool3d(any(x), 2, 2, 'valid')],
  },
  localResponseNormalization: { inputs: [IMAGES], run: x => tf.localResponseNormalization(any(x)) },
  batchNorm: {
    inputs: [IMAGES, [3], [3], [3], [3]],
    run: (x, m, v, o, s) => tf.batchNorm(x!, any(m), any(v), any(o), any(s)),
  },
  'batchNorm of vectors': {
    inputs: [[4, 3], [3], [3], [3], [3]],
    run: (x, m, v, o, s) => tf.batchNorm(x!, any(m), any(v), any(o), any(s)),
  },
  resizeBilinear: {
    inputs: [IMAGES],
    run: x => [tf.image.resizeBilinear(any(x), [9, 4]), tf.image.resizeBilinear(any(x), [9, 4], false, true)],
  },
  resizeNearestNeighbor: { inputs: [IMAGES], run: x => tf.image.resizeNearestNeighbor(any(x), [12, 12]) },
  'image ops without gradients': {
    inputs: [
      [2, 4, 4, 4],
      [2, 4],
    ],
    run: (x, boxes) => [
      tf.image.cropAndResize(any(x), any(boxes), tf.tensor1d([0, 1], 'int32'), [3, 3]),
      tf.image.flipLeftRight(any(x)),
      tf.depthToSpace(any(x), 2),
    ],
    gradient: false,
  },
  'space and batch': {
    inputs: [[4, 2, 2, 3]],
    run: x => [
      tf.batchToSpaceND(
        x!,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
      tf.spaceToBatchND(
        x!,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    ],
  },
  dilation2d: { inputs: [IMAGES, [2, 2, 3]], run: (x, f) => tf.dilation2d(any(x), any(f), 1, 'same') },
  'dropout of nothing': { inputs: [[3, 4]], run: x => tf.dropout(x!, 0) },
  softmaxCrossEntropy: loss('softmaxCrossEntropy'),
  sigmoidCrossEntropy: loss('sigmoidCrossEntropy'),
  meanSquaredError: loss('meanSquaredError'),
  huberLoss: loss('huberLoss'),
  logLoss: loss('logLoss'),
  cosineDistance: {
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (y, x) => tf.losses.cosineDistance(y!, x!, 1),
  },
};

describe('kernels of layers and losses give the same eagerly and compiled:', () => {
  test.each(Object.entries(cases))('%s', (_, wanted) => expectBothWays(wanted));
});
