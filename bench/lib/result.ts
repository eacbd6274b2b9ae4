/** What a benchmark keeps: `bench/results/<name>.json`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH: string = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(BENCH, 'results');

/** One comparison, a line of the table. */
export interface BenchRow {
  /** `ResNet-18, 128 images of 32²` */
  readonly what: string;
  /** Of both numbers: `ms a step`, `images/s`. */
  readonly unit: string;
  readonly ours: number;
  /** Nothing where it could not be measured: `against` says why. */
  readonly theirs: number | null;
  /** Whose `theirs` is: `PyTorch channels_last`. */
  readonly against: string;
  /** What the project aims at for ours / theirs. */
  readonly aim?: { readonly atLeast: number } | { readonly atMost: number };
}

/** Where a result was measured. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Names and versions: Node, TensorFlow, the packages of the twin. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A benchmark writes its own numbers beside `rows`; `bench/main.ts` adds `command` and `machine`. */
export interface BenchResult {
  readonly bench: string;
  readonly rows: readonly BenchRow[];
  readonly command?: string;
  readonly machine?: Machine;
}

export const resultFile = (name: string): string => join(RESULTS, `${name}.json`);

export async function saveResult(result: BenchResult, file: string = resultFile(result.bench)): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(file, `${JSON.stringify(result, undefined, 2)}\n`);
}

export function readResult(name: string): BenchResult {
  return JSON.parse(readFileSync(resultFile(name), 'utf8')) as BenchResult;
}

/** All kept results by name. */
export function allResults(): BenchResult[] {
  const names = existsSync(RESULTS) ? readdirSync(RESULTS).filter(file => file.endsWith('.json')) : [];
  return names.sort().map(file => readResult(file.slice(0, -'.json'.length)));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
