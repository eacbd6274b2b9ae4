/** What the table is made from: `reproduce/results/<set>.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const REPRODUCE: string = fileURLToPath(new URL('.', import.meta.url));

/** One training and its evaluation; accuracies from 0 to 1. */
export interface RunResult {
  readonly seed: number;
  readonly oneNN: number;
  /** Weighted, 20 neighbours. */
  readonly kNN: number;
  readonly linear: number;
  readonly rankMe: number;
  /** Width of the features. */
  readonly dim: number;
  /** Training, of the process that ended it. */
  readonly seconds: number;
  /** Of the whole process, all cores. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly supervised: boolean;
  /** What was trained: a result of other settings is measured anew. */
  readonly settings: string;
  readonly runs: readonly RunResult[];
}

export interface SetResult {
  readonly set: string;
  readonly title: string;
  readonly question: string;
  readonly recipe: unknown;
  readonly backbone: string;
  readonly images: { readonly train: number; readonly test: number };
  readonly machine: string;
  readonly rows: readonly RowResult[];
}

export function resultFile(set: string): string {
  return `${REPRODUCE}results/${set}.json`;
}

export function readResult(set: string): SetResult | undefined {
  const file = resultFile(set);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SetResult) : undefined;
}
