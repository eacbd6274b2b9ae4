export { type AdamWOptions, adamw } from './adamw.ts';
export { clipByGlobalNorm } from './clip.ts';
export { type GroupOptions, isNormOrBias, type ParameterGroup } from './groups.ts';
export { type LARSOptions, lars } from './lars.ts';
export type { Hyper, Optimizer, OptimizerFactory } from './optimizer.ts';
export { constant, cosine, linear, multiStep, polynomial, type Schedule, type Span, stepDecay } from './schedule.ts';
export { inEpochs, type SchedulePart, scaleLearningRate, sequence, warmup } from './schedule-composites.ts';
export { type SGDOptions, sgd } from './sgd.ts';
