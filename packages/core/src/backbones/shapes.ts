/** The networks that have a name. */
import type { ConvNextShape } from './convnext.ts';
import type { ResNetShape } from './resnet.ts';
import type { VitShape } from './vit-options.ts';

/** timm's names (timm/models/resnet.py) and shapes. */
export const RESNETS: Readonly<Record<string, ResNetShape>> = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
  resnet101: { block: 'bottleneck', layers: [3, 4, 23, 3] },
  resnet152: { block: 'bottleneck', layers: [3, 8, 36, 3] },
  resnext50_32x4d: { block: 'bottleneck', layers: [3, 4, 6, 3], groups: 32, baseWidth: 4 },
  resnext101_32x4d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 32, baseWidth: 4 },
  resnext101_32x8d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 32, baseWidth: 8 },
  resnext101_64x4d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 64, baseWidth: 4 },
  wide_resnet50_2: { block: 'bottleneck', layers: [3, 4, 6, 3], baseWidth: 128 },
  wide_resnet101_2: { block: 'bottleneck', layers: [3, 4, 23, 3], baseWidth: 128 },
};

const TINY = { dim: 192, depth: 12, heads: 3 };
const SMALL = { dim: 384, depth: 12, heads: 6 };
const BASE = { dim: 768, depth: 12, heads: 12 };
const LARGE = { dim: 1024, depth: 24, heads: 16 };
const HUGE = { dim: 1280, depth: 32, heads: 16 };

/** timm's names (timm/models/vision_transformer.py) and shapes; `vit_mini_patch4_32` is ours, for small pictures on small machines. */
export const VITS: Readonly<Record<string, VitShape>> = {
  vit_mini_patch4_32: { dim: 128, depth: 6, heads: 4, patchSize: 4, imgSize: 32 },
  vit_tiny_patch16_224: { ...TINY, patchSize: 16, imgSize: 224 },
  vit_tiny_patch16_384: { ...TINY, patchSize: 16, imgSize: 384 },
  vit_small_patch8_224: { ...SMALL, patchSize: 8, imgSize: 224 },
  vit_small_patch16_224: { ...SMALL, patchSize: 16, imgSize: 224 },
  vit_small_patch16_384: { ...SMALL, patchSize: 16, imgSize: 384 },
  vit_small_patch32_224: { ...SMALL, patchSize: 32, imgSize: 224 },
  vit_small_patch32_384: { ...SMALL, patchSize: 32, imgSize: 384 },
  vit_base_patch8_224: { ...BASE, patchSize: 8, imgSize: 224 },
  vit_base_patch16_224: { ...BASE, patchSize: 16, imgSize: 224 },
  vit_base_patch16_384: { ...BASE, patchSize: 16, imgSize: 384 },
  vit_base_patch32_224: { ...BASE, patchSize: 32, imgSize: 224 },
  vit_base_patch32_384: { ...BASE, patchSize: 32, imgSize: 384 },
  vit_large_patch14_224: { ...LARGE, patchSize: 14, imgSize: 224 },
  vit_large_patch16_224: { ...LARGE, patchSize: 16, imgSize: 224 },
  vit_large_patch16_384: { ...LARGE, patchSize: 16, imgSize: 384 },
  vit_large_patch32_224: { ...LARGE, patchSize: 32, imgSize: 224 },
  vit_large_patch32_384: { ...LARGE, patchSize: 32, imgSize: 384 },
  vit_huge_patch14_224: { ...HUGE, patchSize: 14, imgSize: 224 },
};

const SHALLOW = [2, 2, 6, 2];
const MIDDLE = [3, 3, 9, 3];
const DEEP = [3, 3, 27, 3];

/** timm's names (timm/models/convnext.py) and shapes. */
export const CONVNEXTS: Readonly<Record<string, ConvNextShape>> = {
  convnext_atto: { depths: SHALLOW, dims: [40, 80, 160, 320], convMlp: true },
  convnext_femto: { depths: SHALLOW, dims: [48, 96, 192, 384], convMlp: true },
  convnext_pico: { depths: SHALLOW, dims: [64, 128, 256, 512], convMlp: true },
  convnext_nano: { depths: [2, 2, 8, 2], dims: [80, 160, 320, 640], convMlp: true },
  convnext_tiny: { depths: MIDDLE, dims: [96, 192, 384, 768] },
  convnext_small: { depths: DEEP, dims: [96, 192, 384, 768] },
  convnext_base: { depths: DEEP, dims: [128, 256, 512, 1024] },
  convnext_large: { depths: DEEP, dims: [192, 384, 768, 1536] },
};
