export { configure } from './configure.ts';
export { requireDivisible } from './divided-step.ts';
export { evaluationPlan } from './evaluation-view.ts';
export { featureStdOf } from './feature-std.ts';
export {
  type AcrossRanks,
  type Batch,
  type Encoded,
  type EpochWork,
  inParts,
  type Json,
  type Method,
  type MethodPackage,
  type Progress,
  type RunFacts,
  type ScheduleTime,
  type StepParts,
  type StepResult,
} from './method.ts';
export { ONLINE_PROBE, type OnlineProbeSettings, onlineProbeSettings } from './online-probe.ts';
export { passesBySize } from './passes-by-size.ts';
export type { PictureColumn, PictureInput, PictureSheets } from './pictures.ts';
export { decaySchedule, peakLearningRate, type Recipe, recipeOptimizer, recipeSchedule } from './recipe.ts';
export { requireCounts, requireOneView, requireTwoViews, requireVisionTransformer } from './require-settings.ts';
export {
  type Diagnosis,
  diagnose,
  lossStuckAt,
  type MetricLine,
  rankFalls,
  recent,
  type Signature,
  type SignatureContext,
  staysBelow,
} from './signature.ts';
export {
  type StepInput,
  type StepMetrics,
  type StepRun,
  type TrainStep,
  type TrainStepOptions,
  trainStep,
} from './train-step.ts';
