export { describeInspection } from './describe.ts';
export { type InspectOptions, inspectData, type Splits } from './inspect-data.ts';
export { type Looked, lookAt, suggestBatchSize, suggestViewSize } from './look-at.ts';
export type {
  ClassReport,
  CopyGroup,
  Counts,
  Histogram,
  InspectionReport,
  Leak,
  PictureRef,
  SplitReport,
  Spread,
  Suggestions,
} from './report.ts';
export { type InspectionSheet, inspectionSheets } from './sheets.ts';
