/** Every op that a plan may name. */
import type { OpKind } from './op.ts';
import { type Autocontrast, autocontrastKind } from './ops/autocontrast.ts';
import { type Brightness, brightnessKind } from './ops/brightness.ts';
import { type CenterCrop, centerCropKind } from './ops/center-crop.ts';
import { type ChannelDropout, channelDropoutKind } from './ops/channel-dropout.ts';
import { type ColorJitter, colorJitterKind } from './ops/color-jitter.ts';
import { type Contrast, contrastKind } from './ops/contrast.ts';
import { type Equalize, equalizeKind } from './ops/equalize.ts';
import { type Erase, eraseKind } from './ops/erase.ts';
import { type GaussianBlur, gaussianBlurKind } from './ops/gaussian-blur.ts';
import { type GaussianNoise, gaussianNoiseKind } from './ops/gaussian-noise.ts';
import { type Grayscale, grayscaleKind } from './ops/grayscale.ts';
import { type HorizontalFlip, horizontalFlipKind } from './ops/horizontal-flip.ts';
import { type Hue, hueKind } from './ops/hue.ts';
import { type Invert, invertKind } from './ops/invert.ts';
import { type Lab, labKind } from './ops/lab.ts';
import { type Photometric, photometricKind } from './ops/photometric.ts';
import { type Posterize, posterizeKind } from './ops/posterize.ts';
import { type RandomAffine, randomAffineKind } from './ops/random-affine.ts';
import { type RandomResizedCrop, randomResizedCropKind } from './ops/random-resized-crop.ts';
import { type Resize, resizeKind } from './ops/resize.ts';
import { type Saturation, saturationKind } from './ops/saturation.ts';
import { type Sharpness, sharpnessKind } from './ops/sharpness.ts';
import { type Solarize, solarizeKind } from './ops/solarize.ts';
import { type StrokeWidth, strokeWidthKind } from './ops/stroke-width.ts';
import { type VerticalFlip, verticalFlipKind } from './ops/vertical-flip.ts';

const kinds = {
  resize: resizeKind,
  centerCrop: centerCropKind,
  randomResizedCrop: randomResizedCropKind,
  randomAffine: randomAffineKind,
  horizontalFlip: horizontalFlipKind,
  verticalFlip: verticalFlipKind,
  strokeWidth: strokeWidthKind,
  colorJitter: colorJitterKind,
  brightness: brightnessKind,
  contrast: contrastKind,
  saturation: saturationKind,
  hue: hueKind,
  grayscale: grayscaleKind,
  gaussianBlur: gaussianBlurKind,
  sharpness: sharpnessKind,
  invert: invertKind,
  solarize: solarizeKind,
  posterize: posterizeKind,
  equalize: equalizeKind,
  autocontrast: autocontrastKind,
  photometric: photometricKind,
  gaussianNoise: gaussianNoiseKind,
  erase: eraseKind,
  channelDropout: channelDropoutKind,
  lab: labKind,
};

/** One op with its settings: plain data, as the factories of the same names make it. */
export type ViewOp =
  | Resize
  | CenterCrop
  | RandomResizedCrop
  | RandomAffine
  | HorizontalFlip
  | VerticalFlip
  | StrokeWidth
  | ColorJitter
  | Brightness
  | Contrast
  | Saturation
  | Hue
  | Grayscale
  | GaussianBlur
  | Sharpness
  | Invert
  | Solarize
  | Posterize
  | Equalize
  | Autocontrast
  | Photometric
  | GaussianNoise
  | Erase
  | ChannelDropout
  | Lab;

/** The names that a plan may use. */
export const viewOps: readonly string[] = Object.keys(kinds);

/** What stands behind an op's name; `undefined` for a name that nobody knows. */
export function kindOf(op: string): OpKind<ViewOp, ViewOp> | undefined {
  // Each kind takes its own settings; whoever looks one up by the settings' name hands it just those.
  return Object.hasOwn(kinds, op) ? (kinds[op as ViewOp['op']] as unknown as OpKind<ViewOp, ViewOp>) : undefined;
}
