/** Mean and standard deviation of each channel, on the scale 0 to 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** ImageNet's training set, as in torchvision's weights (`torchvision/transforms/_presets.py`, `ImageClassification`). */
export const IMAGENET_STATISTICS: ChannelStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
