/** Mean and standard deviation of each channel, on the scale 0 to 1. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** ImageNet's training set, as in torchvision's weights (`torchvision/transforms/_presets.py`, `ImageClassification`). */
export const IMAGENET_STATISTICS: ChannelStatistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** 0 to 1 becomes -1 to 1: no statistics, but what BEiT's weights want (timm, `timm/data/constants.py`, `IMAGENET_INCEPTION_MEAN`). */
export const INCEPTION_STATISTICS: ChannelStatistics = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/**
 * CIFAR-10's training set, over all pixels, as in solo-learn (`solo/data/pretrain_dataloader.py`, `build_transform_pipeline`).
 * Elsewhere one finds [0.2023, 0.1994, 0.2010]: the mean of the deviations of single pictures, which is less.
 */
export const CIFAR10_STATISTICS: ChannelStatistics = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

/** CIFAR-100's training set, as in solo-learn (same file). */
export const CIFAR100_STATISTICS: ChannelStatistics = {
  mean: [0.5071, 0.4865, 0.4409],
  std: [0.2673, 0.2564, 0.2762],
};

/** STL-10's labelled training set, as is usual. (solo-learn and others take CIFAR-10's numbers for it.) */
export const STL10_STATISTICS: ChannelStatistics = {
  mean: [0.4467, 0.4398, 0.4066],
  std: [0.2603, 0.2566, 0.2713],
};

/** SVHN's training set, as is usual. */
export const SVHN_STATISTICS: ChannelStatistics = { mean: [0.4377, 0.4438, 0.4728], std: [0.198, 0.201, 0.197] };

/** MNIST's training set, one channel, as in PyTorch's examples (`mnist/main.py`). */
export const MNIST_STATISTICS: ChannelStatistics = { mean: [0.1307], std: [0.3081] };

/** No statistics: makes `L - 50`, `a` and `b`, in their own units, of what `lab` gives (facebookresearch/vissl, `img_pil_to_lab_tensor.py`). */
export const LAB_STATISTICS: ChannelStatistics = {
  mean: [50 / 100, 128 / 255, 128 / 255],
  std: [1 / 100, 1 / 255, 1 / 255],
};
