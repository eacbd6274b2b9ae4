export {
  type AttentionOptions,
  type Backbone,
  type BackboneOptions,
  backbone,
  backboneByFullName,
  backboneNames,
  type ConvNextOptions,
  type ConvNextShape,
  convNext,
  type NamedBackbone,
  type ResNetOptions,
  type ResNetShape,
  resnet,
  type TokenOptions,
  type VisionTransformer,
  type VitConfig,
  type VitOptions,
  type VitShape,
  visionTransformer,
} from './backbones/index.ts';
export type { ViewPlan } from './data/index.ts';
export {
  CheckpointError,
  ConfigError,
  DataError,
  EngineError,
  ShapeError,
  SSLError,
  TrainingError,
} from './errors.ts';
export {
  type AcrossRanks,
  type Batch,
  configure,
  type Diagnosis,
  decaySchedule,
  diagnose,
  type Encoded,
  type EpochWork,
  evaluationPlan,
  featureStdOf,
  inParts,
  type Json,
  lossStuckAt,
  type Method,
  type MethodPackage,
  type MetricLine,
  type PictureColumn,
  type PictureInput,
  type PictureSheets,
  type Progress,
  passesBySize,
  type Recipe,
  type RunFacts,
  rankFalls,
  recent,
  recipeSchedule,
  requireCounts,
  requireOneView,
  requireTwoViews,
  requireVisionTransformer,
  type ScheduleTime,
  type Signature,
  type SignatureContext,
  type StepInput,
  type StepMetrics,
  type StepParts,
  type StepResult,
  type StepRun,
  staysBelow,
  type TrainStep,
  trainStep,
} from './method/index.ts';
export {
  copyValues,
  group,
  type Members,
  type Module,
  mlp,
  module,
  moveTowards,
  parametersOf,
  type Queue,
  queue,
  resizePositions,
  sequential,
  sinCosPositions,
  stateOf,
  type TransformerBlock,
  type TransformerBlocks,
  transformerBlock,
  transformerBlocks,
} from './nn/index.ts';
export { addBias, relu, softmax, softmaxCrossEntropy } from './ops/activation.ts';
export { attentionMaps, selfAttention } from './ops/attention.ts';
export { type LogSumExpOptions, logSumExpSimilarities, ownColumns } from './ops/contrastive.ts';
export { type Conv2dOptions, conv2d } from './ops/conv.ts';
export { gatherRows, gatherTokens } from './ops/gather.ts';
export { gelu } from './ops/gelu.ts';
export { layerNorm } from './ops/layer-norm.ts';
export { matMul } from './ops/linear.ts';
export { batchNormInference, batchNormTraining, l2Normalize } from './ops/norm.ts';
export { avgPool, globalAvgPool, maxPool } from './ops/pool.ts';
export { type Compiled, compile } from './tensor/compile.ts';
export { inContext, type StepContext, stepContext, stepRng, type World } from './tensor/context.ts';
export { type DimNames, dims } from './tensor/dims.ts';
export { type FusedOptions, fused, kernel } from './tensor/fused.ts';
export { stopGradient, valueAndGradients, vectorJacobian } from './tensor/gradients.ts';
export {
  type AttributeValue,
  byteTensor,
  customGrad,
  customGradOfMany,
  fromBytes,
  nativeOp,
  nativeOps,
  pixelTensor,
} from './tensor/native.ts';
export {
  bernoulli,
  normal,
  type Rng,
  rngFromKey,
  rngFromSeed,
  stepKey,
  truncatedNormal,
  uniform,
} from './tensor/rng.ts';
export { type Tensor, type TensorLike, tf } from './tensor/tf.ts';
export type { Tree } from './tensor/tree.ts';
export { liveTensors, Variable, type VariableKind, type VariableOptions } from './tensor/variable.ts';
