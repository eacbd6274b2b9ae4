/**
 * Opens a folder of `fuzz-corpus.ts` and decodes every file in several ways, in this process, so that whoever started it sees a crash
 * of the native decoders as its end:
 *
 *   node scripts/data/fuzz-run.ts DIR [--ways all]
 *
 * Prints figures as JSON. Fails when a file takes too long, gives pixels that cannot be, or an error that names no reason.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type DecodedImage,
  type DecodeOptions,
  decodeImage,
  imageFolder,
  loadPixels,
  reasonOf,
} from '../../packages/core/src/data/index.ts';
import { SSLError } from '../../packages/core/src/errors.ts';

/** Milliseconds for one file. Sound ones take a few. */
const LIMIT = 20_000;
const AT_ONCE = 4;
const WAYS: readonly DecodeOptions[] = [
  {},
  { channels: 1, shorterSide: 8 },
  { channels: 4, depth: 'float32', range: [0, 1] },
  { depth: 'float32', shorterSide: 8, range: [0, 1] },
  { channels: 13, shorterSide: 2 },
];

export interface FuzzFigures {
  readonly files: number;
  /** Files that opening the folder left out by their header, and those that `loadPixels` then left out. */
  readonly leftOutByHeader: number;
  readonly leftOutByPixels: number;
  readonly loaded: number;
  /** Decodings of files as bytes, whatever their header, in several ways. */
  readonly decoded: number;
  readonly refused: number;
  readonly slowestMilliseconds: number;
  readonly seconds: number;
  /** How many files each reason was given for. */
  readonly reasons: Readonly<Record<string, number>>;
  /** What should not be: empty when all is well. */
  readonly faults: readonly string[];
}

/** @param all whether each file is decoded in every way, or in one of them. */
export async function runCorpus(dir: string, paths: readonly string[], all: boolean): Promise<FuzzFigures> {
  const begun = performance.now();
  const reasons = new Map<string, number>();
  const faults: string[] = [];
  const counts = { decoded: 0, refused: 0, slowest: 0 };
  const refuse = (path: string, error: unknown): void => {
    const reason = reasonOf(error);
    const proper = SSLError.isInstance(error) && error.name === 'DataError' && reason.length > 0;
    if (!proper) faults.push(`${path}: ${String(error)}`);
    counts.refused++;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  const one = async (path: string, options: DecodeOptions): Promise<void> => {
    const bytes = await readFile(join(dir, path));
    const start = performance.now();
    try {
      const image = await within(decodeImage(bytes, options), path);
      const fault = faultOf(image, options) ?? (await lossOf(path, image, options));
      if (fault) faults.push(`${path}: ${fault}`);
      counts.decoded++;
    } catch (error) {
      refuse(path, error);
    }
    counts.slowest = Math.max(counts.slowest, performance.now() - start);
  };
  /** A cut picture that decodes must have lost nothing that shows. */
  const lossOf = async (path: string, image: DecodedImage, options: DecodeOptions): Promise<string | undefined> => {
    const whole = path.startsWith('cut-')
      ? paths.find(other => other.startsWith('sound/') && twins(other, path))
      : undefined;
    if (!whole) return undefined;
    const { data } = await decodeImage(await readFile(join(dir, whole)), options);
    return data.length === image.data.length && data.every((value, i) => value === image.data[i])
      ? undefined
      : 'pixels are lost';
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < paths.length) {
      const index = next++;
      for (const options of all ? WAYS : [WAYS[index % WAYS.length]!]) await one(paths[index]!, options);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const opened = await openFolder(dir, paths.length, faults);
  return {
    files: paths.length,
    ...opened,
    decoded: counts.decoded,
    refused: counts.refused,
    slowestMilliseconds: Math.round(counts.slowest),
    seconds: Math.round((performance.now() - begun) / 100) / 10,
    reasons: Object.fromEntries([...reasons].sort((a, b) => b[1] - a[1])),
    faults,
  };
}

/** Whether two files of the corpus were made from one picture: what follows their numbers is the same. */
function twins(a: string, b: string): boolean {
  return a.slice(a.indexOf('-', a.indexOf('/'))) === b.slice(b.indexOf('-', b.indexOf('/')));
}

/** The folder as a user has it: what is left out and what is loaded add up. */
async function openFolder(
  dir: string,
  files: number,
  faults: string[],
): Promise<Pick<FuzzFigures, 'leftOutByHeader' | 'leftOutByPixels' | 'loaded'>> {
  const folder = await within(imageFolder(dir, { labels: 'none', verify: 'headers' }), dir, files * 100);
  const pixels = await within(loadPixels(folder, { size: 8 }), dir, files * 100);
  const leftOutByHeader = folder.skipped?.length ?? 0;
  const leftOutByPixels = pixels.skipped.length - leftOutByHeader;
  if (folder.size + leftOutByHeader !== files) faults.push(`${folder.size} + ${leftOutByHeader} of ${files} opened`);
  if (pixels.count + leftOutByPixels !== folder.size) {
    faults.push(`${pixels.count} + ${leftOutByPixels} of ${folder.size} loaded`);
  }
  for (const { path, reason } of pixels.skipped)
    if (!path || !reason) faults.push(`left out without a reason: ${path}`);
  return { leftOutByHeader, leftOutByPixels, loaded: pixels.count };
}

/** Ends the process when the work does: a native decoder that hangs cannot be stopped in another way. */
async function within<T>(work: Promise<T>, what: string, limit: number = LIMIT): Promise<T> {
  const timer = setTimeout(() => {
    console.error(`fuzz-run: ${what} took more than ${limit} ms`);
    process.exit(3);
  }, limit);
  return work.finally(() => clearTimeout(timer));
}

function faultOf({ data, width, height, channels, source }: DecodedImage, options: DecodeOptions): string | undefined {
  if (!(width > 0 && height > 0) || data.length !== width * height * channels) return 'pixels do not fit the size';
  if (channels !== (options.channels ?? 3)) return `${channels} channels`;
  if (data instanceof Float32Array !== (options.depth === 'float32')) return 'another depth than asked for';
  if (data instanceof Float32Array && !data.every(value => value >= 0 && value <= 255))
    return 'a value beyond 0 to 255';
  if (source && Math.min(width, height) < (options.shorterSide ?? Number.POSITIVE_INFINITY)) return 'reduced too far';
  return undefined;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { ways: { type: 'string' } } });
  const [dir] = positionals;
  if (dir === undefined) throw new Error('fuzz-run: a folder must be given; got none; write fuzz-run.ts DIR');
  const { readdirSync } = await import('node:fs');
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(join(dir).length + 1))
    .sort();
  const figures = await runCorpus(dir, paths, values.ways === 'all');
  console.log(JSON.stringify(figures, undefined, 2));
  process.exitCode = figures.faults.length > 0 ? 1 : 0;
}
