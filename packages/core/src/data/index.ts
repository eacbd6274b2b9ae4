export { DataError } from '../errors.ts';
export { type ChannelStatisticsOptions, channelStatistics, type MeasuredStatistics } from './channel-statistics.ts';
export {
  type ContactSheetCell,
  type ContactSheetOptions,
  type ContactSheetRow,
  contactSheet,
} from './contact-sheet.ts';
export {
  type ArrayDatasetOptions,
  arrayDataset,
  checkIndex,
  type Dataset,
  digest,
  type EncodedImage,
  type ImageFile,
  type SkippedImage,
  subset,
} from './dataset.ts';
export {
  type DecodedImage,
  type DecodeOptions,
  type Depth,
  decodeImage,
  encodePng,
  type ImageHeader,
  type ImageRequest,
  type PixelData,
  readImageHeader,
  reasonOf,
  type SourceDecoding,
} from './decode.ts';
export type { FileDataset } from './file-dataset.ts';
export { heatMap } from './heat-map.ts';
export { type HostRng, hostRng } from './host-rng.ts';
export { type ImageFolder, type ImageFolderOptions, imageFolder, imageFolders } from './image-folder.ts';
export * from './inspect/index.ts';
export { type LabelSubsetOptions, labelSubset } from './label-subset.ts';
export { describeSkipped, type LoadOptions, loadPixels, type PackedPixels } from './load-pixels.ts';
export * from './loader/index.ts';
export type { Verify } from './look-at-files.ts';
export { type BlockWiseMaskOptions, blockWiseMask } from './masks/block-wise.ts';
export type { Grid, Mask } from './masks/mask.ts';
export { type MultiBlockMaskOptions, multiBlockMask } from './masks/multi-block.ts';
export { type RandomMaskOptions, randomMask } from './masks/random.ts';
export { type OpenOptions, openDataset, openParts, withoutLabels } from './open.ts';
export { type Fit, resizeImage } from './resize.ts';
export { type BatchOptions, batches, epochOrder, orderOf, SHUFFLE_BUFFER, shard, shardedOrder } from './sampler.ts';
export { type AnimationFramesOptions, animationFrames } from './sources/animation-frames.ts';
export { type FileListOptions, fileList } from './sources/file-list.ts';
export type { FrameDataset, FrameSelection } from './sources/frame-selection.ts';
export { type ParquetImagesOptions, parquetImages } from './sources/parquet.ts';
export { type SyntheticOptions, syntheticDataset } from './sources/synthetic.ts';
export { type WriteShardsOptions, type WrittenShards, writeShards } from './sources/tar-write.ts';
export { type VideoFramesOptions, videoFrames } from './sources/video-frames.ts';
export { type WebDatasetOptions, webDataset } from './sources/webdataset.ts';
export { type SplitOptions, splitDataset } from './split-dataset.ts';
export { readNames, subsetByNames, writeNames } from './subset-by-names.ts';
export { type ChannelRule, channelRule, checkChannels, describeChannelRules } from './views/channel-rule.ts';
export type { Range } from './views/check.ts';
export type { ColorFactor, ColorFactorSettings } from './views/color-factor.ts';
export {
  applyViews,
  type DrawOptions,
  drawParameters,
  drawViews,
  type PictureSizes,
  type ViewParameters,
} from './views/draw.ts';
export { type JigsawOptions, jigsawPatches, normalizePatches, permutePatches } from './views/jigsaw.ts';
export { type PermutationSetOptions, permutationSet, shuffled } from './views/jigsaw-permutations.ts';
export {
  blend,
  cutBox,
  cutmix,
  type Mixed,
  type MixOptions,
  mixLabels,
  mixup,
  type PastedBox,
  paste,
  shareLeft,
} from './views/mixing.ts';
export type { Drawn } from './views/op.ts';
export { type Autocontrast, autocontrast } from './views/ops/autocontrast.ts';
export { type Brightness, brightness } from './views/ops/brightness.ts';
export { type CenterCrop, centerCrop } from './views/ops/center-crop.ts';
export { type ChannelDropout, channelDropout } from './views/ops/channel-dropout.ts';
export { type ColorJitter, type ColorJitterSettings, colorJitter } from './views/ops/color-jitter.ts';
export { type Contrast, contrast } from './views/ops/contrast.ts';
export { type Equalize, equalize } from './views/ops/equalize.ts';
export { type Erase, erase } from './views/ops/erase.ts';
export { type GaussianBlur, gaussianBlur } from './views/ops/gaussian-blur.ts';
export { type GaussianNoise, gaussianNoise } from './views/ops/gaussian-noise.ts';
export { type Grayscale, grayscale } from './views/ops/grayscale.ts';
export { type HorizontalFlip, horizontalFlip } from './views/ops/horizontal-flip.ts';
export { type Hue, type HueSettings, hue } from './views/ops/hue.ts';
export { type Invert, invert } from './views/ops/invert.ts';
export { type Lab, lab } from './views/ops/lab.ts';
export { type Photometric, photometric } from './views/ops/photometric.ts';
export { type Posterize, posterize } from './views/ops/posterize.ts';
export { type RandomAffine, randomAffine } from './views/ops/random-affine.ts';
export { type RandomResizedCrop, randomResizedCrop } from './views/ops/random-resized-crop.ts';
export { type RandomRotationSettings, randomRotation } from './views/ops/random-rotation.ts';
export { type Resize, resize } from './views/ops/resize.ts';
export { type Saturation, saturation } from './views/ops/saturation.ts';
export { type Sharpness, sharpness } from './views/ops/sharpness.ts';
export { type Solarize, solarize } from './views/ops/solarize.ts';
export { type StrokeWidth, strokeWidth } from './views/ops/stroke-width.ts';
export { type VerticalFlip, verticalFlip } from './views/ops/vertical-flip.ts';
export { everyView, type ViewPlan, type ViewSpec, viewIndices, views, withoutOps } from './views/plan.ts';
export type { EvaluationOptions } from './views/plans/evaluation.ts';
export { plans } from './views/plans/index.ts';
export type { MultiCropOptions } from './views/plans/multi-crop.ts';
export type { PatchPlanOptions } from './views/plans/pretext.ts';
export type { PlanOptions } from './views/plans/shared.ts';
export type { SimCLRPlanOptions } from './views/plans/simclr.ts';
export { type DrawnOp, type PreviewedView, previewViews } from './views/preview.ts';
export type { ViewOp } from './views/registry.ts';
export { fourRotations, type RotatedViews } from './views/rotations.ts';
export {
  type ChannelStatistics,
  CIFAR10_STATISTICS,
  CIFAR100_STATISTICS,
  IMAGENET_STATISTICS,
  INCEPTION_STATISTICS,
  LAB_STATISTICS,
  MNIST_STATISTICS,
  STL10_STATISTICS,
  SVHN_STATISTICS,
} from './views/statistics.ts';
export { storedSize } from './views/stored-size.ts';
