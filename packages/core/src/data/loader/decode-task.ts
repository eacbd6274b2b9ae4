/** What a decoding thread is given and what it answers. */
import type { SharedEngine } from '../../engine/jpeg.ts';
import type { EncodedImage, ImageFile } from '../dataset.ts';
import type { PixelData } from '../decode.ts';
import type { Fit } from '../resize.ts';

/** What a thread is started with. */
export interface ThreadData {
  /** Left out where there is none: sharp decodes everything then, to the same values in more time. */
  readonly engine?: SharedEngine;
}

export interface DecodeTask {
  readonly id: number;
  readonly picture: EncodedImage | ImageFile;
  readonly size: number;
  readonly fit: Fit;
  /** Memory for the values, if as many bytes are needed. */
  readonly into?: ArrayBuffer | undefined;
}

export type DecodeAnswer = { readonly id: number } & (
  | { readonly data: PixelData; readonly width: number; readonly height: number }
  /** Why the picture cannot be read or decoded; with the system's code where it is the file that cannot be read. */
  | { readonly reason: string; readonly code?: string }
  /** Anything else that went wrong: a fault of ours, or no memory left. */
  | { readonly fault: Error }
);
