export { checkpointed } from './checkpointed.ts';
export { kaimingNormal, linearUniform, smallNormal, xavierUniform } from './init.ts';
export {
  type BatchNormOptions,
  batchNorm,
  type ConvOptions,
  conv2d,
  type LinearOptions,
  linear,
  variable,
} from './layers.ts';
export { type MlpOptions, mlp } from './mlp.ts';
export {
  copyValues,
  disposeMembers,
  group,
  type Members,
  type Module,
  module,
  moveTowards,
  parametersOf,
  sequential,
  stateOf,
} from './module.ts';
export { type InterpolateOptions, resizePositions, sinCosPositions, type TokenGrid } from './positions.ts';
export { type Queue, queue } from './queue.ts';
export {
  type BlockOptions,
  type BlocksOptions,
  dropPath,
  layerNorm,
  type TokenLinearOptions,
  type TransformerBlock,
  type TransformerBlocks,
  type TransformerInit,
  tokenLinear,
  transformerBlock,
  transformerBlocks,
} from './transformer.ts';
