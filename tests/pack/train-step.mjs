// A program as a user writes it, run by plain Node where the packed packages are installed.
import assert from 'node:assert/strict';
import { backbone, byteTensor, stepKey, tf, trainStep, Variable } from '@ssl/core';
import { variable } from '@ssl/core/nn';
import { sgd } from '@ssl/core/optim';
import { icons100 } from '@ssl/datasets';
import { simclr } from '@ssl/simclr';

const B = 8;
const model = simclr({ backbone: backbone('resnet18', { stem: 'cifar', widthMultiplier: 0.125 }), hiddenDim: 32 });
const step = trainStep(model, { optimizer: sgd({ momentum: 0.9 }) });
const bytes = Uint8Array.from({ length: B * 32 * 32 * 3 }, (_, i) => (i * 2654435761) >>> 24);
const input = {
  images: byteTensor(bytes, [B, 32, 32, 3]),
  sizes: tf.fill([B, 2], 32),
  indices: tf.range(0, B, 1, 'int32'),
  labels: [],
  drawn: {},
  key: stepKey(0, 0),
  learningRate: tf.scalar(0.1),
  weightDecay: tf.scalar(1e-4),
  update: tf.scalar(1),
  fraction: tf.scalar(0),
  epoch: tf.scalar(0),
  scheduled: {},
};
const [name, weights] = [...step.state].find(([key]) => key.endsWith('conv1.weight'));
const before = weights.values();
const { loss } = await step.run(input);
const after = weights.values();
const data = await icons100('train');

assert.ok(variable(() => tf.zeros([1]), { kind: 'param' }) instanceof Variable, 'every subpath has the same classes');
assert.ok(
  after.some((value, i) => value !== before[i]),
  `${name} is trained`,
);
process.stdout.write(JSON.stringify({ loss: loss.dataSync()[0], backend: tf.getBackend(), pictures: data.size }));
