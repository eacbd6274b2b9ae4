export {
  type CollapseMeter,
  type CollapseSignals,
  collapseMeter,
  collapseSignals,
  featureStd,
  rankMe,
} from './collapse.ts';
export type { Metric } from './comparison.ts';
export type { Features, FeatureTable } from './feature-table.ts';
export {
  type ExtractorOptions,
  type ExtractProgress,
  extractFeatures,
  type FeatureExtractor,
  featureExtractor,
  stageEmbedding,
} from './features.ts';
export {
  accuracy,
  type KnnOptions,
  type KnnResult,
  knnAccuracy,
  knnClassify,
  type LabelledFeatures,
  type VoteOptions,
  voteNeighbours,
} from './knn.ts';
export {
  type ClassAccuracy,
  type LinearClassifier,
  type LinearProbeResult,
  linearProbe,
  type ProbeCandidate,
  type ProbeScores,
} from './linear-probe.ts';
export {
  type NeighbourRowsOptions,
  type NeighbourSheetOptions,
  neighbourColumns,
  neighbourRows,
  neighbourSheet,
  type SheetPictures,
} from './neighbour-sheet.ts';
export { type NeighbourOptions, type Neighbours, nearestNeighbours } from './neighbours.ts';
export { pixelFeatures } from './pixel-baseline.ts';
export type { PixelRows, PixelSource } from './pixel-rows.ts';
export type { LbfgsSetting, LinearProbeOptions, ProbeProgress, ProbeSetting, SgdSetting } from './probe-config.ts';
export { holdOutRows } from './probe-rows.ts';
