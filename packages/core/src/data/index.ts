export { DataError } from '../errors.ts';
export {
  type ContactSheetCell,
  type ContactSheetOptions,
  type ContactSheetRow,
  contactSheet,
} from './contact-sheet.ts';
export {
  type ArrayDatasetOptions,
  arrayDataset,
  type Dataset,
  digest,
  type ImageRequest,
  type SkippedImage,
  type SplitOptions,
  splitDataset,
  subset,
} from './dataset.ts';
export { type DecodedImage, type DecodeOptions, decodeImage, encodePng, reasonOf } from './decode.ts';
export { type HostRng, hostRng } from './host-rng.ts';
export { type ImageFolder, type ImageFolderOptions, imageFolder } from './image-folder.ts';
export { describeSkipped, type LoadOptions, loadPixels, type PackedPixels } from './load-pixels.ts';
export { type Fit, resizeImage } from './resize.ts';
export { type BatchOptions, batches, epochOrder, shard } from './sampler.ts';
export {
  applyViews,
  type DrawOptions,
  drawParameters,
  drawViews,
  type PictureSizes,
  type ViewParameters,
} from './views/draw.ts';
export type { Drawn } from './views/op.ts';
export { type ColorJitter, type ColorJitterSettings, colorJitter } from './views/ops/color-jitter.ts';
export { type GaussianBlur, gaussianBlur } from './views/ops/gaussian-blur.ts';
export { type Grayscale, grayscale } from './views/ops/grayscale.ts';
export { type HorizontalFlip, horizontalFlip } from './views/ops/horizontal-flip.ts';
export { type Invert, invert } from './views/ops/invert.ts';
export { type RandomAffine, randomAffine } from './views/ops/random-affine.ts';
export { type RandomResizedCrop, randomResizedCrop } from './views/ops/random-resized-crop.ts';
export { type Resize, resize } from './views/ops/resize.ts';
export { type Solarize, solarize } from './views/ops/solarize.ts';
export { type StrokeWidth, strokeWidth } from './views/ops/stroke-width.ts';
export { everyView, type ViewPlan, type ViewSpec, views } from './views/plan.ts';
export { type DrawnOp, type PreviewedView, previewViews } from './views/preview.ts';
export type { ViewOp } from './views/registry.ts';
export { type ChannelStatistics, IMAGENET_STATISTICS } from './views/statistics.ts';
