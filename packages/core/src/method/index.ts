export { configure } from './configure.ts';
export { evaluationPlan } from './evaluation-view.ts';
export { featureStdOf } from './feature-std.ts';
export type {
  AcrossRanks,
  Batch,
  EpochWork,
  Json,
  Method,
  MethodPackage,
  Progress,
  ScheduleTime,
  StepResult,
} from './method.ts';
export { type Recipe, recipeOptimizer, recipeSchedule } from './recipe.ts';
export { type StepInput, type StepMetrics, type TrainStep, type TrainStepOptions, trainStep } from './train-step.ts';
