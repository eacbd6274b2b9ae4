/**
 * `pnpm bench`: lists the questions. `pnpm bench views --runs 3` runs `bench/views.ts` with what follows its name, `all` every one.
 * `pnpm bench report` writes `bench/README.md` from the kept results.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { didYouMean } from '@ssl/core/setup';
import { describeMachine } from './lib/machine.ts';
import { report } from './lib/report.ts';
import { allResults, BENCH, readResult, saveResult } from './lib/result.ts';

const NAMES = readdirSync(BENCH)
  .filter(file => /^(?!main\.).*\.ts$/.test(file))
  .map(file => basename(file, '.ts'))
  .sort();

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) {
    for (const each of NAMES) process.stdout.write(`${each.padEnd(12)}${question(each)}\n`);
    process.stdout.write(`${'report'.padEnd(12)}Writes bench/README.md from bench/results.\n`);
    return 0;
  }
  if (name === 'report') return writeReport();
  const chosen = name === 'all' ? NAMES : NAMES.filter(each => each === name);
  if (chosen.length === 0) {
    throw new Error(
      `bench: must be one of ${NAMES.join(', ')}, all, report; got '${name}'; ${didYouMean(name, NAMES)}`,
    );
  }
  for (const each of chosen) await measure(each, args);
  return writeReport();
}

/** The first sentence of the file's heading comment. */
function question(name: string): string {
  const text = readFileSync(join(BENCH, `${name}.ts`), 'utf8');
  const heading =
    /\/\*\*([\s\S]*?)\*\//
      .exec(text)?.[1]
      ?.replace(/\s*\n\s*\*/g, ' ')
      .trim() ?? '';
  return heading.split(/(?<=\.)\s/)[0]!;
}

/** Runs a benchmark in a process of its own and adds to its result where and how it was measured. */
async function measure(name: string, args: readonly string[]): Promise<void> {
  const machine = await describeMachine(); // first: a missing package should be known before an hour has passed
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, [join(BENCH, `${name}.ts`), ...args], { stdio: 'inherit' });
    child.on('error', reject).on('close', exit => resolve(exit ?? 1));
  });
  if (code !== 0) throw new Error(`bench ${name}: ended with exit code ${code}; its own message is above`);
  if (args.some(arg => arg.startsWith('--out'))) return; // not among the kept results
  await saveResult({ ...readResult(name), command: ['pnpm bench', name, ...args].join(' '), machine });
}

async function writeReport(): Promise<number> {
  const file = join(BENCH, 'README.md');
  await writeFile(file, report(allResults()));
  process.stdout.write('wrote bench/README.md\n');
  return 0;
}
