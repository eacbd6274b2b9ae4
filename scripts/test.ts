/**
 * `pnpm test`: gets the engine if there is none, runs all tests, then alone those that measure time or build.
 * With arguments (`pnpm test ops -t conv`) they go to vitest, and nothing else runs. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureEngine } from './ensure-engine.ts';

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** The part of vitest's JSON report that is read here. */
interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Alone, one after the other: what measures time, and what builds. */
const ALONE = ['packages/cli/src/wrong-input.test.ts', 'tests/pack.test.ts'];

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (!ensureEngine()) return finish([{ passed: 0, failed: 1 }]);
  if (args.length > 0) return finish([await vitest(args)]);
  const together = await vitest(ALONE.flatMap(file => ['--exclude', file]));
  const alone: Counts[] = [];
  for (const file of ALONE) alone.push(await vitest([file]));
  return finish([together, ...alone]);
}

function finish(runs: readonly Counts[]): number {
  const sum = (count: keyof Counts): number => runs.reduce((total, run) => total + run[count], 0);
  process.stdout.write(`${sum('passed')} passed, ${sum('failed')} failed\n`);
  return sum('failed') === 0 ? 0 : 1;
}

async function vitest(args: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), 'ssl-test-'));
  const file = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await run(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args]);
    const { passed, failed } = count(file);
    // It can fail without a failed test: an unhandled rejection, or a crash.
    return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(file: string): Counts {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { passed: 0, failed: 1 }; // vitest did not come as far as writing it
  }
  const counts = report.testResults.map(({ status, assertionResults }) => {
    const of = (wanted: string): number => assertionResults.filter(result => result.status === wanted).length;
    // A file that cannot be loaded has no tests to fail.
    return { passed: of('passed'), failed: status === 'failed' ? Math.max(1, of('failed')) : of('failed') };
  });
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failed: counts.reduce((total, { failed }) => total + failed, 0),
  };
}

/** Runs Node in the repository's root, its output here. Gives the exit code. */
function run(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
    child.on('error', reject).on('close', code => resolve(code ?? 1));
  });
}
