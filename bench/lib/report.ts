/** `bench/README.md` from the kept results. */
import type { BenchResult, BenchRow, Machine } from './result.ts';

const HEAD = `<!-- Written by \`pnpm bench report\` from results/*.json. Do not edit. -->
# Benchmarks

Each question has a file here and a twin in \`torch/\` that does the same with PyTorch and its usual companions. Both sides run in
fresh processes, by turns; numbers are medians. Absolute numbers are the machine's; the ratio ours / theirs is what counts.

\`\`\`sh
python3 -m venv .venv && .venv/bin/pip install -r bench/torch/requirements.txt
SSL_BENCH_PYTHON=.venv/bin/python npx -y pnpm@10 bench          # what there is
SSL_BENCH_PYTHON=.venv/bin/python npx -y pnpm@10 bench views    # one; \`all\` runs every one
npx -y pnpm@10 bench report                                     # writes this page anew
\`\`\`
`;

/** @param results of all benchmarks; those of one machine share a table */
export function report(results: readonly BenchResult[]): string {
  const machines = Map.groupBy(results, ({ machine }) => JSON.stringify(machine ?? null));
  const parts = [...machines.values()].map(group => `${describe(group[0]!.machine)}\n\n${table(group)}`);
  return `${[HEAD.trimEnd(), ...parts].join('\n\n')}\n`;
}

function describe(machine: Machine | undefined): string {
  if (!machine) return '## Unknown machine\n\nMeasured by calling a file here directly: run it through `pnpm bench`.';
  const { processor, cores, memoryGb, system, versions } = machine;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `## ${processor.split(' (')[0]}, ${cores} cores\n\n${processor}; ${memoryGb} GB; ${system}. ${list.join(', ')}.`;
}

function table(results: readonly BenchResult[]): string {
  const head = '| | unit | ours | theirs | | ours / theirs | aim |\n|---|---|--:|--:|---|--:|---|';
  const lines = results.flatMap(({ bench, rows }) => rows.map(row => line(bench, row)));
  return [head, ...lines].join('\n');
}

function line(bench: string, { what, unit, ours, theirs, against, aim }: BenchRow): string {
  const ratio = theirs === null ? undefined : ours / theirs;
  const cells = [
    `[${bench}](${bench}.ts): ${what}`,
    unit,
    digits(ours),
    theirs === null ? '–' : digits(theirs),
    against,
    ratio === undefined ? '' : digits(ratio),
    ratio === undefined ? '' : aimed(ratio, aim),
  ];
  return `| ${cells.join(' | ')} |`;
}

function aimed(ratio: number, aim: BenchRow['aim']): string {
  if (!aim) return '';
  const [met, text] =
    'atLeast' in aim
      ? [ratio >= aim.atLeast, `at least ${aim.atLeast}`]
      : [ratio <= aim.atMost, `at most ${aim.atMost}`];
  return met ? text : `${text}: missed`;
}

/** Three significant digits, thousands apart. */
function digits(value: number): string {
  return new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 }).format(value);
}
