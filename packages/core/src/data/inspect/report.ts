import type { SkippedImage } from '../dataset.ts';
import type { CopyKind } from './copies.ts';

/** What `inspectData` finds: plain data, which goes through JSON unchanged. */
export interface InspectionReport {
  readonly splits: readonly SplitReport[];
  /** Groups of pictures that are copies of each other. */
  readonly copies: readonly CopyGroup[];
  /** Pictures of a later part that are also in an earlier one: results on the later part would be too good. */
  readonly leaks: readonly Leak[];
  /** Pictures with so many alike that not all were compared: there may be more copies. */
  readonly crowded: number;
  readonly suggested: Suggestions;
}

export interface PictureRef {
  readonly split: string;
  /** In the part's dataset. */
  readonly index: number;
  /** As the dataset describes it. */
  readonly name: string;
  /** Name of its class. */
  readonly label?: string;
}

export interface SplitReport {
  readonly name: string;
  /** Pictures that were opened, readable or not. */
  readonly pictures: number;
  /** Those looked at; all unless a sample was asked for. */
  readonly looked: number;
  /** Left out when the data was opened, or found unreadable. */
  readonly broken: readonly SkippedImage[];
  /** Of the readable ones, in true pixels. */
  readonly width?: Spread;
  readonly height?: Spread;
  /** Width by height. */
  readonly aspect?: Spread;
  readonly shorterSide?: Spread & { readonly histogram: Histogram };
  /** Of files, with how many: empty where the source has pixels. */
  readonly formats: Counts;
  readonly fileChannels: Counts;
  readonly fileDepths: Counts;
  /** Of files, together. */
  readonly bytes: number;
  /** Channels as they are read. */
  readonly channels: number;
  /** Pictures of three channels that are equal everywhere. */
  readonly grey: number;
  /** Nothing is to be seen on them: every channel is nearly constant. */
  readonly blank: readonly PictureRef[];
  readonly classes?: ClassReport;
}

/** How many there are of each. */
export type Counts = Readonly<Record<string, number>>;

/** Quantiles; each is a value that occurs. */
export interface Spread {
  readonly min: number;
  readonly p5: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
  readonly max: number;
}

export interface Histogram {
  /** One more than `counts`; equally wide on a logarithmic scale. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface ClassReport {
  readonly classes: number;
  /** Pictures of each class, unreadable ones included, the largest first. */
  readonly pictures: Counts;
  readonly unlabelled: number;
  readonly smallest: { readonly name: string; readonly pictures: number };
  readonly largest: { readonly name: string; readonly pictures: number };
  /** Entropy of the shares of the classes over that of equal shares: 1 is balanced. */
  readonly balance: number;
}

export interface CopyGroup {
  /** The first, then its copies with what they are. */
  readonly pictures: readonly (PictureRef & { readonly copy?: CopyKind })[];
  /** The labels differ. */
  readonly conflict: boolean;
  /** Pictures of several parts. */
  readonly across: boolean;
}

export interface Leak {
  readonly picture: PictureRef;
  /** In an earlier part. */
  readonly of: PictureRef;
  readonly copy: CopyKind;
}

export interface Suggestions {
  /** Height and width of a view: see `suggestViewSize`. */
  readonly viewSize: number;
  /** See `suggestBatchSize`; by the pictures of the first part that can be read. */
  readonly batchSize: number;
  readonly channels: number;
  /** `float32` where files are deeper than 8 bits. */
  readonly depth: 'uint8' | 'float32';
}
