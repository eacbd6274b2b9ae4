import { ConfigError } from '../../errors.ts';
import type { Dataset } from '../dataset.ts';
import { RESERVED_STREAMS } from '../host-rng.ts';
import { permutation } from '../sampler.ts';
import { checkKeys, checkWhole } from '../views/check.ts';
import { type Copies, findCopies } from './copies.ts';
import { type Facts, gatherFacts, type SplitSource } from './facts.ts';
import { suggestBatchSize, suggestViewSize } from './look-at.ts';
import type { CopyGroup, InspectionReport, PictureRef, SplitReport, Suggestions } from './report.ts';
import { refOf, splitReport } from './split-report.ts';

/** Parts of the data by name, the one for training first. */
export type Splits = Readonly<Record<string, Dataset>>;

export interface InspectOptions {
  /** Look at so many pictures of each part only, drawn at random. Copies are then found among these alone. */
  readonly sample?: number;
  /** Of the sample. Default 0. */
  readonly seed?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two pictures. */
  readonly signal?: AbortSignal;
}

/**
 * Looks at every picture once: sizes, channels, depth, formats, classes, what is broken, blank or there more than once. It keeps some 350 bytes
 * of each picture.
 *
 * Copies are found by the SHA-256 of the file and of the decoded pixels, and near copies by a 64-bit perceptual hash, confirmed on reduced
 * pixels. Compression, another size or stretching, brightness and contrast changed by a fifth are seen through; flipped, turned and cropped
 * pictures are not taken for copies.
 * @param data a dataset, or several parts by name: copies across parts are leaks.
 * @throws ConfigError when an option is out of range, or parts differ in channels.
 */
export async function inspectData(data: Dataset | Splits, options: InspectOptions = {}): Promise<InspectionReport> {
  checkKeys('inspectData', options, ['sample', 'seed', 'onProgress', 'signal']);
  const { sample, seed = 0, onProgress, signal } = options;
  if (sample !== undefined) checkWhole('inspectData', 'sample', sample, [1, Number.MAX_SAFE_INTEGER]);
  const splits = namedSplits(data).map(([name, dataset]): SplitSource => {
    return { name, dataset, indices: chosen(dataset.size, sample, seed) };
  });
  const facts = await gatherFacts(splits, onProgress, signal);
  const copies = findCopies(facts);
  const reports = splits.map((_, place) => splitReport(facts, place));
  return {
    splits: reports,
    copies: copies.groups.map(group => copyGroup(facts, group)),
    leaks: copies.leaks.map(({ row, of, kind }) => ({
      picture: refOf(facts, row),
      of: refOf(facts, of),
      copy: kind,
    })),
    crowded: copies.crowded,
    suggested: suggestions(facts, reports[0]!),
  };
}

/** One dataset goes under the name `data`. @throws ConfigError unless all have as many channels. */
export function namedSplits(data: Dataset | Splits): [name: string, dataset: Dataset][] {
  const splits = isDataset(data) ? [['data', data] as [string, Dataset]] : Object.entries(data);
  const [first, ...others] = splits;
  if (!first) throw new ConfigError('inspectData: there must be at least one part; got none');
  for (const [name, { channels }] of others) {
    if (channels === first[1].channels) continue;
    throw new ConfigError(
      `inspectData: all parts must have as many channels; got ${first[1].channels} in ${first[0]}, ${channels} in ${name}; open them alike`,
    );
  }
  return splits;
}

function isDataset(data: Dataset | Splits): data is Dataset {
  return typeof data.image === 'function';
}

function chosen(size: number, sample: number | undefined, seed: number): Uint32Array {
  if (sample === undefined || sample >= size) return Uint32Array.from({ length: size }, (_, i) => i);
  return permutation(size, seed, RESERVED_STREAMS.inspection, 0).slice(0, sample).sort();
}

function copyGroup(facts: Facts, { rows, kinds }: Copies['groups'][number]): CopyGroup {
  const pictures = rows.map((row, i): PictureRef & { copy?: NonNullable<(typeof kinds)[number]> } => {
    const copy = kinds[i];
    return { ...refOf(facts, row), ...(copy && { copy }) };
  });
  const labels = new Set(pictures.flatMap(({ label }) => label ?? []));
  const parts = new Set(pictures.map(({ split }) => split));
  return { pictures, conflict: labels.size > 1, across: parts.size > 1 };
}

function suggestions({ width, height, failures, split, rows }: Facts, first: SplitReport): Suggestions {
  const readable = Array.from({ length: rows }, (_, row) => row).filter(row => !failures.has(row) && split[row] === 0);
  const all = first.looked === 0 ? 0 : (first.pictures * readable.length) / first.looked;
  const depths = Object.keys(first.fileDepths);
  const [most] = Object.keys(first.fileChannels);
  const bands = most !== undefined && Number(most) > 4 ? Number(most) : first.channels;
  return {
    viewSize: suggestViewSize(readable.map(row => Math.min(width[row]!, height[row]!))),
    batchSize: suggestBatchSize(all),
    channels: readable.length > 0 && first.grey === readable.length ? 1 : bands,
    depth: depths.some(depth => depth !== 'uint8') ? 'float32' : 'uint8',
  };
}
