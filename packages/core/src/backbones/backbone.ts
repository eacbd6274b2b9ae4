import type { Module } from '../nn/module.ts';
import type { Tensor } from '../tensor/tf.ts';

/** A network from images to features. */
export interface Backbone extends Module {
  /** timm's name and what changes its shape, e.g. `resnet18` with a CIFAR stem: what a checkpoint must agree on. */
  readonly name: string;
  /** Channels of the images it takes. */
  readonly inChannels: number;
  /** Width D of the features. */
  readonly outDim: number;
  /** `[B, H, W, C]` → the feature maps after the stem and every stage, in order, by timm's names (`act1`, `layer1`, …). */
  stages(images: Tensor): Record<string, Tensor>;
  /** Throws `ConfigError` for pictures with a side that it cannot take, so that it is said before anything is read. Takes all where it is missing. */
  checkSize?(size: number): void;
  /** Another one of the same architecture with variables of its own, which start with this one's values: a teacher, a key encoder. Leaves nothing out in training: without drop path. */
  twin(): Backbone;
}

/** Calls a network `name`: a function's own name is read-only. */
export function withName<N extends Module>(net: N, name: string): N & { readonly name: string } {
  return Object.defineProperty(net, 'name', { value: name });
}
