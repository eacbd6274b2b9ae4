export type { Backbone } from './backbone.ts';
export { type ConvNextOptions, type ConvNextShape, convNext } from './convnext.ts';
export { type BackboneOptions, backbone, backboneByFullName, backboneNames, type NamedBackbone } from './registry.ts';
export { type ResNetOptions, type ResNetShape, resnet } from './resnet.ts';
export { type AttentionOptions, type TokenOptions, type VisionTransformer, visionTransformer } from './vit.ts';
export type { VitConfig, VitOptions, VitShape } from './vit-options.ts';
