import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runInChild } from '../tensor/run-in-child.ts';
import type { CrashReport } from './crash-everywhere.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-crash-'));
afterAll(() => rmSync(root, { recursive: true }));

const module = new URL('./crash-everywhere.ts', import.meta.url);
const path = JSON.stringify(root);

test('a run that dies while it changes any file ends, resumed, as one that was left alone', async () => {
  const every = process.env.SSL_TEST_FULL === '1' ? 1 : 3; // all moments take a minute
  const { points, different } = await runInChild<CrashReport>(module, `m.crashEverywhere(${path}, ${every})`);
  expect(different).toEqual([]);
  expect(points.length).toBeGreaterThan(12);
  const missed = [/append metrics/, /fill .step-/, /rename step-/, /backbone/].filter(
    part => !points.some(point => part.test(point)),
  );
  expect(missed).toEqual([]);
}, 180_000);

test('and so does one that dies again before the resumed run has made a step', async () => {
  const { points, different } = await runInChild<CrashReport>(module, `m.crashResumed(${path})`);
  expect(different).toEqual([]);
  expect(points.map(point => point.split(' ').slice(1).join(' '))).toContain('rename metrics.jsonl'); // cut back to the checkpoint
}, 180_000);
