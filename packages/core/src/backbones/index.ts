export type { Backbone } from './backbone.ts';
export { backbone, backboneNames } from './registry.ts';
export { type ResNetOptions, type ResNetShape, resnet } from './resnet.ts';
