export { kaimingNormal, linearUniform } from './init.ts';
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
export { disposeMembers, type Members, type Module, module, parametersOf, sequential, stateOf } from './module.ts';
