/** Every op that a plan may name. */
import type { OpKind } from './op.ts';
import { type ColorJitter, colorJitterKind } from './ops/color-jitter.ts';
import { type GaussianBlur, gaussianBlurKind } from './ops/gaussian-blur.ts';
import { type Grayscale, grayscaleKind } from './ops/grayscale.ts';
import { type HorizontalFlip, horizontalFlipKind } from './ops/horizontal-flip.ts';
import { type Invert, invertKind } from './ops/invert.ts';
import { type RandomAffine, randomAffineKind } from './ops/random-affine.ts';
import { type RandomResizedCrop, randomResizedCropKind } from './ops/random-resized-crop.ts';
import { type Resize, resizeKind } from './ops/resize.ts';
import { type Solarize, solarizeKind } from './ops/solarize.ts';
import { type StrokeWidth, strokeWidthKind } from './ops/stroke-width.ts';

const kinds = {
  resize: resizeKind,
  randomResizedCrop: randomResizedCropKind,
  randomAffine: randomAffineKind,
  horizontalFlip: horizontalFlipKind,
  strokeWidth: strokeWidthKind,
  colorJitter: colorJitterKind,
  grayscale: grayscaleKind,
  gaussianBlur: gaussianBlurKind,
  invert: invertKind,
  solarize: solarizeKind,
};

/** One op with its settings: plain data, as the factories of the same names make it. */
export type ViewOp =
  | Resize
  | RandomResizedCrop
  | RandomAffine
  | HorizontalFlip
  | StrokeWidth
  | ColorJitter
  | Grayscale
  | GaussianBlur
  | Invert
  | Solarize;

/** The names that a plan may use. */
export const viewOps: readonly string[] = Object.keys(kinds);

/** What stands behind an op's name; `undefined` for a name that nobody knows. */
export function kindOf(op: string): OpKind<ViewOp, ViewOp> | undefined {
  // Each kind takes its own settings; whoever looks one up by the settings' name hands it just those.
  return Object.hasOwn(kinds, op) ? (kinds[op as ViewOp['op']] as unknown as OpKind<ViewOp, ViewOp>) : undefined;
}
