/** Each side of a comparison runs in a process of its own, so that neither warms anything up for the other. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BENCH } from './result.ts';

const execute = promisify(execFile);
const REQUIREMENTS = join(BENCH, 'torch', 'requirements.txt');

/** The Python that has what `bench/torch/requirements.txt` names. */
export function python(): string {
  return process.env.SSL_BENCH_PYTHON || 'python3';
}

export interface RunOptions {
  /** For both sides alike; what `SSL_THREADS` of the engine says. */
  readonly threads?: number;
}

/** Runs a program of ours. The last line that it prints, as JSON. */
export async function runOurs<T>(file: string, args: readonly string[], options?: RunOptions): Promise<T> {
  return lastLine<T>(process.execPath, [join(BENCH, file), ...args], options);
}

/** Runs the twin, a file in `bench/torch`. The last line that it prints, as JSON. */
export async function runTwin<T>(file: string, args: readonly string[], options?: RunOptions): Promise<T> {
  return lastLine<T>(python(), [join(BENCH, 'torch', file), ...args], options);
}

async function lastLine<T>(command: string, args: readonly string[], { threads }: RunOptions = {}): Promise<T> {
  const env = { ...process.env, ...(threads !== undefined && { SSL_THREADS: String(threads) }) };
  const { stdout } = await execute(command, [...args], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

const ASK = `
import json, platform, sys
from importlib.metadata import version
print(json.dumps({'Python': platform.python_version(), **{name: version(name) for name in sys.argv[1:]}}))`;

/** Versions of what the twins import. Throws, saying how to install it, when something is missing. */
export async function twinVersions(): Promise<Record<string, string>> {
  const names = readFileSync(REQUIREMENTS, 'utf8').match(/^[\w-]+/gm)!;
  try {
    const { stdout } = await execute(python(), ['-c', ASK, ...names]);
    return JSON.parse(stdout) as Record<string, string>;
  } catch (error) {
    const reason = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split('\n')
      .at(-1);
    throw new Error(
      `bench: '${python()}' must have what bench/torch/requirements.txt names; got '${reason}'; ` +
        'install it in a virtual environment and set SSL_BENCH_PYTHON to its Python (bench/README.md)',
      { cause: error },
    );
  }
}
