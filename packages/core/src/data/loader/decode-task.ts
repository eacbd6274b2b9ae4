/** What a decoding thread is given and what it answers. */
import type { DecodeOptions, PixelData } from '../decode.ts';
import type { Fit } from '../resize.ts';

export interface DecodeTask {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly decode: DecodeOptions;
  readonly size: number;
  readonly fit: Fit;
}

export type DecodeAnswer = { readonly id: number } & (
  | { readonly data: PixelData; readonly width: number; readonly height: number }
  /** Why the picture cannot be decoded. */
  | { readonly reason: string }
  /** Anything else that went wrong: a fault of ours, or no memory left. */
  | { readonly fault: Error }
);
