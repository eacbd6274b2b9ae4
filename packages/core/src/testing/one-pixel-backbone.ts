import { type Backbone, withName } from '../backbones/backbone.ts';
import { linear } from '../nn/layers.ts';
import { module } from '../nn/module.ts';
import { relu } from '../ops/activation.ts';
import { rngFromSeed } from '../tensor/rng.ts';

/** A single linear layer with ReLU on pictures of one pixel, `[B, 1, 1, inputs]`: small enough to be trained beside a reference, step by step. */
export function onePixelBackbone(inputs: number, outDim: number): Backbone {
  const lin = linear(inputs, outDim, { rng: rngFromSeed(1), bias: false });
  const net = module(x => relu(lin(x.reshape([-1, inputs]))), { lin });
  const twin = (): Backbone => onePixelBackbone(inputs, outDim);
  return withName(Object.assign(net, { inChannels: inputs, outDim, stages: () => ({}), twin }), 'one-pixel');
}
