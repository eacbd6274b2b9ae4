/** Pictures as the network's input wants them: squares of one size, with the true size beside them. */
import type { DecodedImage, ImageRequest, PixelData } from '../decode.ts';
import { type Fit, resizeImage } from '../resize.ts';

export interface Square {
  /** `[size, size, C]`, 0 to 255. */
  readonly data: PixelData;
  /** Pixels: the true width and height of what the square shows, so that crops can be drawn as on the original. */
  readonly width: number;
  readonly height: number;
  /** Says that `data` was copied: its memory is used for another one. Much new memory has the whole program's garbage collected, picture after picture. */
  readonly release?: () => void;
}

/** `fill` squashes the whole picture, `cover` keeps the middle square. @param into memory for the values, used if it is as large as they are */
export function squareOf(image: DecodedImage, size: number, fit: Fit, into?: ArrayBuffer): Square {
  const { data } = resizeImage(image, size, fit, into);
  const { width, height } = image.source ?? image;
  if (fit === 'fill') return { data, width, height };
  const side = Math.min(width, height);
  return { data, width: side, height: side };
}

/** What to ask of a picture that is to become a square. */
export function requestFor(size: number, fit: Fit): ImageRequest {
  return { shorterSide: size, square: fit === 'fill' };
}
