import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { report } from '../bench/lib/report.ts';
import { allResults, BENCH, type BenchResult, type Machine } from '../bench/lib/result.ts';

const machine: Machine = {
  processor: 'Some CPU (avx2)',
  cores: 2,
  memoryGb: 16,
  system: 'linux x64, glibc 2.36',
  versions: { Node: '24.1.0', torch: '2.15.0' },
};
const step: BenchResult = {
  bench: 'step',
  machine,
  rows: [
    { what: 'ResNet-18', unit: 'ms a step', ours: 3120.4, theirs: 3140, against: 'PyTorch', aim: { atMost: 1 } },
    { what: 'memory', unit: 'MB', ours: 1290, theirs: 1290, against: 'PyTorch', aim: { atMost: 0.8 } },
  ],
};
const views: BenchResult = {
  bench: 'views',
  machine,
  rows: [{ what: '32 px', unit: 'views/s', ours: 18_000, theirs: 1080, against: 'torchvision', aim: { atLeast: 8 } }],
};

it('has a line for each comparison, with its ratio and whether the aim is met', () => {
  const text = report([step, views]);
  expect(text).toContain('| [step](step.ts): ResNet-18 | ms a step | 3,120 | 3,140 | PyTorch | 0.994 | at most 1 |');
  expect(text).toContain('| 1,290 | 1,290 | PyTorch | 1 | at most 0.8: missed |');
  expect(text).toContain('| [views](views.ts): 32 px | views/s | 18,000 | 1,080 | torchvision | 16.7 | at least 8 |');
  expect(text).toContain('## Some CPU, 2 cores');
  expect(text).toContain('Node 24.1.0, torch 2.15.0');
});

it('has a line for what the other side could not do', () => {
  const row = { what: 'large', unit: 'ms', ours: 12, theirs: null, against: 'PyTorch: out of memory' };
  expect(report([{ ...step, rows: [row] }])).toContain('large | ms | 12 | – | PyTorch: out of memory |  |  |');
});

it('does not mix machines', () => {
  const other = { ...views, machine: { ...machine, cores: 8 } };
  expect(report([step, views]).match(/^## /gm)).toHaveLength(1);
  expect(report([step, other]).match(/^## /gm)).toHaveLength(2);
});

it('is what bench/README.md holds', () => {
  const file = join(BENCH, 'README.md');
  expect(existsSync(file)).toBe(true);
  expect(readFileSync(file, 'utf8'), 'run: npx -y pnpm@10 bench report').toBe(report(allResults()));
});
