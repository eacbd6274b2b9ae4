import { spawn } from 'node:child_process';
import { ConfigError, DataError } from '../../errors.ts';
import type { FrameSelection } from './frame-selection.ts';

/** The program and what comes before our arguments: `['ffmpeg']`. */
export type FfmpegCommand = readonly string[];

/**
 * Frames of a video's first picture stream, counted by its packets: nothing is decoded.
 * @throws DataError when the file is no video; its `cause` has ffmpeg's reason.
 * @throws ConfigError when ffmpeg is missing.
 */
export async function countVideoFrames(command: FfmpegCommand, file: string): Promise<number> {
  const report = await ffmpeg(command, [
    '-i',
    file,
    '-map',
    '0:v:0',
    '-c',
    'copy',
    '-f',
    'null',
    '-progress',
    'pipe:1',
    '-',
  ]);
  return Number(
    report
      .match(/^frame=\s*(\d+)/gm)
      ?.at(-1)
      ?.replace(/\D/g, '') ?? 0,
  );
}

/**
 * Writes the chosen frames as JPEG files, `pattern` with its `%d` counting from 1. Turned as the file says.
 * @param chosen the numbers of `count` frames; not looked at with `every`.
 * @throws as {@link countVideoFrames}
 */
export async function extractFrames(
  command: FfmpegCommand,
  file: string,
  { every }: FrameSelection,
  chosen: Uint32Array,
  pattern: string,
): Promise<void> {
  const wanted = every === undefined ? Array.from(chosen, n => `eq(n,${n})`).join('+') : `not(mod(n,${every}))`;
  // -q:v 2 is ffmpeg's finest JPEG that every reader takes (its documentation of mjpeg, qscale 2 to 31).
  const output = [
    '-map',
    '0:v:0',
    '-vf',
    `select='${wanted}'`,
    '-fps_mode',
    'passthrough',
    '-q:v',
    '2',
    '-f',
    'image2',
    pattern,
  ];
  await ffmpeg(command, ['-i', file, ...output]);
}

async function ffmpeg([program = 'ffmpeg', ...first]: FfmpegCommand, args: readonly string[]): Promise<string> {
  const child = spawn(program, [...first, '-nostdin', '-v', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, complaints] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4096);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', error => reject(notInstalled(program, error))).on('close', resolve);
  });
  if (code === 0) return out;
  const reason = complaints.trim().split('\n').at(-1) || `ffmpeg ended with code ${code}`;
  throw new DataError(`ffmpeg: the file must be a video that it can read; got: ${reason}`, {
    cause: new Error(reason),
  });
}

function notInstalled(program: string, cause: Error): ConfigError {
  return new ConfigError(
    `videoFrames: the program ffmpeg must be installed to read videos; got ${cause.message} for "${program}"; ` +
      'install it (`apt install ffmpeg`, `brew install ffmpeg`, https://ffmpeg.org/download.html) or name its place in `ffmpeg`',
    { cause },
  );
}
