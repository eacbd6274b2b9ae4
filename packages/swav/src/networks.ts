import {
  type Backbone,
  copyValues,
  l2Normalize,
  type Module,
  mlp,
  passesBySize,
  type Rng,
  type Tensor,
  tf,
  type Variable,
} from '@ssl/core';
import { linear } from '@ssl/core/nn';
import type { SwAVConfig } from './config.ts';

export interface Network {
  readonly backbone: Backbone;
  readonly head: Module;
  /** `weight` `[P, K]`: each column is a prototype. */
  readonly prototypes: Module;
}

/** Head and prototypes of `src/resnet50.py`: a norm after the hidden layer alone, prototypes without a bias. */
export function networkOf(backbone: Backbone, config: SwAVConfig, rng: Rng): Network {
  const { hiddenDim, projectionDim: P, prototypes: K } = config;
  const head = mlp([backbone.outDim, hiddenDim, P], { rng });
  const network = { backbone, head, prototypes: linear(P, K, { rng, bias: false }) };
  tf.tidy(() => normalizePrototypes(network));
  return network;
}

/** Another network of the same values. */
export function twinOf(network: Network, config: SwAVConfig, rng: Rng): Network {
  const twin = networkOf(network.backbone.twin(), config, rng);
  copyValues(twin.head.members, network.head.members);
  copyValues(twin.prototypes.members, network.prototypes.members);
  return twin;
}

/** `[P, K]` */
export function prototypesOf({ prototypes }: Network): Tensor {
  return weightOf(prototypes).read();
}

/** Gives every prototype the length 1. */
export function normalizePrototypes({ prototypes }: Network): void {
  const weight = weightOf(prototypes);
  weight.assign(tf.transpose(l2Normalize(tf.transpose(weight.read()))));
}

/** One pass of the backbone for each size of views, one of the head for all views (`src/resnet50.py`, `forward`). */
export function encodeViews(
  { backbone, head }: Network,
  views: readonly Tensor[],
): { readonly features: Tensor[]; readonly embeddings: Tensor[] } {
  const features = passesBySize(views, backbone); //                                            [B, D] each
  const embeddings = tf.split(l2Normalize(head(tf.concat(features))), views.length); //         [B, P] each
  return { features, embeddings };
}

function weightOf({ members }: Module): Variable {
  return members.weight as Variable;
}
