import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { stateOf } from '../nn/module.ts';
import { liveTensors } from '../tensor/variable.ts';
import { allFinite } from './failure.ts';
import { type ProgressEvent, readMetrics, runFolder } from './index.ts';
import { smallData, smallMethod, smallRun } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-failure-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
const fresh = (): string => join(root, `run${folders++}`);
const checkpointsOf = (out: string): string[] => readdirSync(runFolder(out).checkpoints);
const training = (message: RegExp): object => ({ name: 'TrainingError', message: expect.stringMatching(message) });

describe('numbers that are not finite', () => {
  test('a learning rate far too high: the step, likely causes, and nothing to go on from yet', async () => {
    const out = fresh();
    await expect(smallRun(out, { recipe: { learningRate: 1e30 } })).rejects.toMatchObject(
      training(
        /^pretrain: loss and .* must be finite; got NaN and .* at step 3; likely causes: \(1\) a learning rate too high for this batch size \(it is 6.25e\+27\).*; there is no checkpoint yet/,
      ),
    );
    expect(await readMetrics(out)).toHaveLength(2);
    await smallRun(out, { recipe: { learningRate: 0.1 } }); // the folder is not taken
  });

  test('weights that break on the way: the last good checkpoint, which still resumes', async () => {
    const [out, method] = [fresh(), smallMethod()];
    const weight = stateOf(method.trained).get('head.weight')!;
    const onProgress = (event: ProgressEvent): void => {
      if (event.phase === 'train' && event.done === 7) weight.load(weight.values().fill(Number.NaN) as Float32Array);
    };
    await expect(smallRun(out, { method, onProgress })).rejects.toMatchObject(
      training(
        /at step 8; .*; the last good checkpoint is .*step-000000006.safetensors; resumed as it is, the run comes/,
      ),
    );
    expect(checkpointsOf(out)).toEqual(['step-000000003.safetensors', 'step-000000006.safetensors']);
    const whole = await smallRun(fresh());
    expect(await smallRun(out, { resume: true })).toBe(whole);
  });

  test('are never saved', async () => {
    const [out, method] = [fresh(), smallMethod()];
    const bias = stateOf(method.trained).get('head.bias')!;
    const onProgress = (event: ProgressEvent): void => {
      if (event.phase === 'train' && event.done === 6) bias.load(Float32Array.of(0, 0, Number.POSITIVE_INFINITY, 0));
    };
    await expect(smallRun(out, { method, onProgress })).rejects.toMatchObject(
      training(/every weight must be finite; got others in model.head.bias at step 6; .*step-000000003/),
    );
    expect(checkpointsOf(out)).toEqual(['step-000000003.safetensors']);
  });

  test('after the last step are found by looking at features, and no backbone is written', async () => {
    const out = fresh();
    const recipe = { learningRate: 1e30, warmupEpochs: 0, epochs: 1, batchSize: 20 };
    await expect(smallRun(out, { recipe })).rejects.toMatchObject(
      training(/rankMe and evaluationFeatureStd must be finite; got NaN and NaN at step 1/),
    );
    expect(existsSync(runFolder(out).backbone)).toBe(false);
  });

  test('a checkpoint whose next step failed is not called good', async () => {
    const recipe = { learningRate: 1e30 };
    await expect(smallRun(fresh(), { recipe, checkpointEvery: 1 })).rejects.toMatchObject(
      training(
        /the last checkpoint, .*step-000000002.safetensors, may hold the cause already; the last good one is .*step-000000001/,
      ),
    );
    await expect(smallRun(fresh(), { recipe, checkpointEvery: 1, keepCheckpoints: 1 })).rejects.toMatchObject(
      training(/step-000000002.safetensors, may hold the cause already; there is none before it/),
    );
  });

  test('a loss that is NaN from the start, and gradients that grew', async () => {
    const nan = smallMethod({ weight: Number.NaN });
    await expect(smallRun(fresh(), { method: nan })).rejects.toMatchObject(
      training(
        /at step 1; likely causes: \(1\) a first step that is not finite already: look at the images \(views.png\)/,
      ),
    );
    const grown = { learningRate: 1e5, warmupEpochs: 0 };
    await expect(smallRun(fresh(), { recipe: grown })).rejects.toMatchObject(
      training(/\(1\) gradients that grew \(norm .* one step before\): set recipe.clipNorm/),
    );
  });

  test('allFinite', () => {
    const cases = [[], [1, -2, 3e38], [0, Number.NaN], [Number.POSITIVE_INFINITY, 0], [Number.NEGATIVE_INFINITY]];
    expect(cases.map(values => allFinite(Float32Array.from(values)))).toEqual([true, true, false, false, false]);
  });
});

describe('a run that fails', () => {
  test('frees what it made, whatever the reason', async () => {
    const [method, out] = [smallMethod(), fresh()];
    const failing = {
      ...smallMethod(),
      step: () => {
        throw new Error('mistake in a method');
      },
    };
    const before = liveTensors();
    await expect(smallRun(out, { method, stopAfter: 2 })).rejects.toThrow(/stopped/);
    await expect(smallRun(out, { method })).rejects.toThrow(/holds a run/);
    await expect(smallRun(fresh(), { method, recipe: { learningRate: 1e30 } })).rejects.toThrow(/finite/);
    await expect(smallRun(fresh(), { method: failing })).rejects.toThrow('mistake in a method');
    expect(liveTensors()).toBe(before);
  });

  test('on its first start leaves a folder that the next start takes', async () => {
    const out = fresh();
    const data = { ...smallData(), image: () => Promise.reject(new Error('a fault in the source')) };
    await expect(smallRun(out, { data })).rejects.toThrow('a fault in the source');
    expect(existsSync(out)).toBe(false);
    const failing = {
      ...smallMethod(),
      step: () => {
        throw new Error('mistake in a method');
      },
    };
    await expect(smallRun(out, { method: failing })).rejects.toThrow('mistake in a method');
    await smallRun(out);
  });
});

describe('the run folder', () => {
  test('in use by another process, or by another call, is left alone', async () => {
    const out = fresh();
    mkdirSync(out);
    const { lock } = runFolder(out);
    const claim = (pid: number, started?: string): void =>
      writeFileSync(lock, JSON.stringify({ host: hostname(), pid, started }));
    claim(process.ppid);
    await expect(smallRun(out)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(/one process at a time may use a run folder; .* is in use by process \d+; wait/),
    });
    expect(readdirSync(out)).toEqual(['.lock']);
    const runs = await Promise.allSettled([smallRun(`${out}b`, { stopAfter: 1 }), smallRun(`${out}b`)]);
    expect(runs.map(run => run.status === 'rejected' && (run.reason as Error).name).sort()).toEqual([
      'ConfigError',
      'InterruptedError',
    ]);
  });

  test.each([
    ['of a process that is gone', (): string => JSON.stringify({ host: hostname(), pid: spawnSync('true').pid })],
    [
      'of an earlier process with the number of a living one',
      () => JSON.stringify({ host: hostname(), pid: process.ppid, started: '1' }),
    ],
    ['of another machine', () => JSON.stringify({ host: 'elsewhere', pid: 1 })],
    ['that is half written', () => '{"ho'],
  ])('with the claim %s is taken over', async (_, claim) => {
    if (_.includes('number') && process.platform !== 'linux') return;
    const out = fresh();
    mkdirSync(out);
    writeFileSync(runFolder(out).lock, claim());
    await expect(smallRun(out, { stopAfter: 1 })).rejects.toThrow(/stopped at step 1/);
    expect(existsSync(runFolder(out).lock)).toBe(false);
  });

  test('that cannot be one', async () => {
    const file = fresh();
    writeFileSync(file, 'mine');
    for (const out of [file, join(file, 'below')]) {
      await expect(smallRun(out)).rejects.toMatchObject({
        name: 'ConfigError',
        message: expect.stringMatching(/out must be a folder that can be written; got E.*; choose another than /),
      });
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test.skipIf(process.getuid?.() === 0)('that may not be written', async () => {
    const out = fresh();
    mkdirSync(out);
    chmodSync(out, 0o500);
    await expect(smallRun(out)).rejects.toThrow(/out must be a folder that can be written; got EACCES/);
  });
});
