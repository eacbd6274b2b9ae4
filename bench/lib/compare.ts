/** What the benchmarks share: a fresh process for each measurement, its last line as JSON, and what a result holds. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const BENCH: string = fileURLToPath(new URL('..', import.meta.url));

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** How many values. */
  readonly count: number;
}

const run = promisify(execFile);

/** Runs a benchmark of this folder again as a process of its own, with the flags given. */
export function ourProcess<T>(file: string, flags: readonly string[], threads: number): Promise<T> {
  return lastLine(process.execPath, [path.join(BENCH, file), ...flags], threads);
}

/** Runs a twin in `bench/torch`. `SSL_BENCH_PYTHON` names the Python that has its requirements (default `python3`). */
export function twinProcess<T>(file: string, flags: readonly string[], threads: number): Promise<T> {
  const python = process.env.SSL_BENCH_PYTHON ?? 'python3';
  return lastLine(python, [path.join(BENCH, 'torch', file), ...flags, '--threads', String(threads)], threads);
}

async function lastLine<T>(command: string, args: readonly string[], threads: number): Promise<T> {
  const env = { ...process.env, SSL_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const { stdout } = await run(command, [...args], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

/** `{ a: 1, size: 32 }` as `--a 1 --size 32`. */
export function flagsOf(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** Throws when there is nothing to sum up: a benchmark that dropped every value as warm-up has measured nothing. */
export function summary(values: readonly number[]): Summary {
  if (values.length === 0)
    throw new Error('bench: at least one value must be left after the warm-up; got none; use more steps');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  return { median: rounded(median), min: rounded(sorted[0]!), max: rounded(sorted.at(-1)!), count: sorted.length };
}

/** Four digits: more is noise. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** The key whose value is smallest. */
export function smallest<K extends string>(values: Readonly<Record<K, number>>): K {
  return (Object.keys(values) as K[]).reduce((best, key) => (values[key] < values[best] ? key : best));
}

/** The largest resident memory of this process so far, MiB. */
export function peakMb(): number {
  try {
    // `maxRSS` is never below what the parent had when it forked; this is the process's own.
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024; // not Linux
  }
}

/** What a figure depends on besides the code. */
export function machine(threads: number): { node: string; cpu: string; threads: number } {
  return { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', threads };
}

/** Writes `bench/results/NAME.json`, or `out`, and prints it. */
export async function report(name: string, result: object, out?: string): Promise<void> {
  const file = out ?? path.join(BENCH, 'results', `${name}.json`);
  const text = JSON.stringify({ bench: name, ...result }, null, 2);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`);
  console.log(text);
}
