/** Pictures that a method has of its own: attention maps, masks, reconstructions. */
import type { Tensor } from '../tensor/tf.ts';

/** What pictures are made from. */
export interface PictureInput {
  /** `[B, H, W, C]`: whole pictures at the size of the plan's first view, prepared as that is; nothing drawn. */
  readonly images: Tensor;
  /** What the method's `draw` drew for these images, stacked, int32; empty where it draws nothing. */
  readonly drawn: Readonly<Record<string, Tensor>>;
}

/** A column of a sheet: something to see for each image. */
export interface PictureColumn {
  readonly title: string;
  /**
   * `[B, h, w, C]`: pictures in the values of the views (`images`, what a decoder makes of them, either with parts at 0, which is grey).
   * `[B, h, w]`: maps of any range, each shown in colours from its least to its greatest value.
   */
  readonly pixels: Tensor;
}

/** Columns by the name of the sheet, which becomes that of a file: `attention`, `reconstruction`. */
export type PictureSheets = Readonly<Record<string, readonly PictureColumn[]>>;
