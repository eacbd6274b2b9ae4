import { ConfigError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import { checkWhole } from '../views/check.ts';

/** Which frames of each clip: every n-th, or so many, evenly spread. One of the two. */
export interface FrameSelection {
  /** 1 is every frame. */
  readonly every?: number;
  /** The middles of so many equal parts of the clip; all frames of a shorter one. */
  readonly count?: number;
}

/** Frames of clips: animations, documents of several pages, videos. */
export interface FrameDataset extends Dataset {
  /** `[size]`, the number of the clip that a frame is of. Frames of one clip look alike: divide a set by clips, not by frames. */
  readonly clips: Uint32Array;
  /** The path of the clip and the number of the frame in it, from 0: `cats/jump.gif frame 12`. */
  describe(index: number): string;
}

/** @throws ConfigError unless at most one of `every` and `count` is given, a positive whole number. */
export function checkSelection(who: string, { every, count }: FrameSelection): void {
  if (every !== undefined && count !== undefined) {
    throw new ConfigError(`${who}: either every or count must be given; got both`);
  }
  for (const [name, value] of Object.entries({ every, count })) {
    if (value !== undefined) checkWhole(who, name, value, [1, 2 ** 31]);
  }
}

/** The numbers of the chosen frames among `total`, rising. */
export function chosenFrames(total: number, { every = 1, count }: FrameSelection): Uint32Array {
  if (count === undefined) return Uint32Array.from({ length: Math.ceil(total / every) }, (_, k) => k * every);
  const taken = Math.min(count, total);
  return Uint32Array.from({ length: taken }, (_, k) => Math.floor(((k + 0.5) * total) / taken));
}
