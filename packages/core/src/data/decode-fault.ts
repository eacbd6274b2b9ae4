import { DataError } from '../errors.ts';

/** What a decoder throws: `reason` is short, stands behind a file's name in lists, and is the message of `cause`. */
export function decodeFault(reason: string, cause?: unknown): DataError {
  return new DataError(
    `decodeImage: the bytes must be a whole picture (JPEG, PNG, WebP, AVIF, GIF, TIFF, .npy); got: ${reason}`,
    { cause: new Error(reason, { cause }) },
  );
}

/** The one reason for other bands than were asked for. */
export function bandsFault(found: number, asked: number): DataError {
  const noun = found === 1 ? 'channel' : 'channels';
  return decodeFault(`holds ${found} ${noun} where ${asked} were asked for (channels: ${found} reads it)`);
}
