import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Diagnosis, staysBelow } from '../method/index.ts';
import { InterruptedError, pretrain } from './index.ts';
import { smallData, smallMethod } from './small-run.ts';
import { describeDiagnosis, watchOf } from './watch.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssl-watch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = { cause: 'the features collapse', change: 'lower the learning rate' };
const low = staysBelow('featureStd', 0.05, { ...words, steps: 20 });

test('a failure is told once, at the step that shows it', () => {
  const told: Diagnosis[] = [];
  const watch = watchOf({ signatures: [low] }, 8, diagnosis => told.push(diagnosis));
  for (let step = 1; step <= 19; step++) watch.add({ step, featureStd: 0.01 });
  expect(told).toEqual([]);
  for (let step = 20; step <= 60; step++) watch.add({ step, featureStd: 0.01 });
  expect(told.map(describeDiagnosis)).toEqual([
    'collapse: featureStd is 0.01, below 0.05 for 20 steps; likely cause: the features collapse; change: lower the learning rate',
  ]);
  expect(watch.found).toEqual(told);
});

test('a sound run tells nothing, however long it is', () => {
  const watch = watchOf({ signatures: [low] }, 8, () => expect.unreachable());
  for (let step = 1; step <= 2000; step++) watch.add({ step, featureStd: 0.4, ...(step % 50 === 0 && { rankMe: 5 }) });
  expect(watch.found).toEqual([]);
});

test('a run gives what it found, and so does one that goes on after it', async () => {
  const always = staysBelow('loss', 1e9, { ...words, name: 'always', steps: 4 });
  const told: Diagnosis[] = [];
  const run = (options: object) =>
    pretrain({
      method: { ...smallMethod(), signatures: [always] },
      data: smallData(),
      out: join(folder, 'run'),
      onProgress: () => {},
      onDiagnosis: diagnosis => told.push(diagnosis),
      ...options,
    });
  await expect(run({ stopAfter: 6 })).rejects.toThrow(InterruptedError);
  const { diagnoses } = await run({ resume: true });
  const again = await run({ resume: true }); // finished already
  expect([told, diagnoses, again.diagnoses].map(each => each.map(({ name }) => name))).toEqual([
    ['always', 'always', 'always'],
    ['always'],
    ['always'],
  ]);
});
