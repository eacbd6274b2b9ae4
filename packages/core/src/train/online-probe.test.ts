import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Dataset } from '../data/index.ts';
import { latestCheckpoint } from '../io/index.ts';
import { stateOf } from '../nn/module.ts';
import { liveTensors } from '../tensor/variable.ts';
import { type PretrainOptions, pretrain, readMetrics, runFolder } from './index.ts';
import { smallData, smallMethod, smallRun } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-online-probe-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = (): string => join(root, `run${folders++}`);

const labels = Int32Array.from({ length: 20 }, (_, i) => (i === 5 ? -1 : i % 3));
const data: Dataset = { ...smallData(), labels };
const started = (options: Partial<PretrainOptions> & { out: string }): Promise<unknown> =>
  pretrain({ method: smallMethod(), data, onProgress: () => {}, ...options });

test('a probe changes nothing of what is trained, and writes its metrics', async () => {
  const [without, withProbe] = [fresh(), fresh()];
  const methods = [smallMethod(), smallMethod()] as const;
  const alive = liveTensors();
  await smallRun(without, { method: methods[0], data });
  await smallRun(withProbe, { method: methods[1], data, probe: { learningRate: 0.5 } });
  expect(liveTensors()).toBe(alive);
  const [plain, probed] = methods.map(({ trained, carried }) =>
    [...stateOf({ ...trained, ...carried })].map(([name, variable]) => [name, [...variable.values()]]),
  );
  expect(probed).toEqual(plain);
  const lines = await readMetrics(withProbe);
  for (const { probeLoss, probeAccuracy } of lines) {
    expect(Number.isFinite(probeLoss)).toBe(true);
    expect(probeAccuracy).toBeGreaterThanOrEqual(0);
    expect(probeAccuracy).toBeLessThanOrEqual(1);
  }
  expect(lines[0]!.probeLoss).toBeCloseTo(Math.log(3), 5);
  expect(lines[1]!.probeLoss).not.toBeCloseTo(Math.log(3), 5);
  const rest = lines.map(({ probeLoss, probeAccuracy, ...line }) => line);
  expect(rest).toEqual(await readMetrics(without));
  expect(JSON.parse(readFileSync(runFolder(withProbe).config, 'utf8')).probe).toEqual({
    learningRate: 0.5,
    weightDecay: 0,
    classes: 3,
  });
});

test('a run with a probe is resumed bit for bit, and not without it or with another', async () => {
  const [whole, stopped] = [fresh(), fresh()];
  const content = await smallRun(whole, { data, probe: true });
  await expect(smallRun(stopped, { data, probe: true, stopAfter: 4 })).rejects.toThrow(/stopped at step 4/);
  const go = (options: Partial<PretrainOptions>): Promise<string> =>
    smallRun(stopped, { data, resume: true, ...options });
  await expect(go({})).rejects.toThrow(/probe: .*, now nothing/);
  await expect(go({ probe: { learningRate: 1 } })).rejects.toThrow(/probe.learningRate: 0.1, now 1/);
  expect(await go({ probe: true })).toBe(content);
  const { names } = await namesIn(whole);
  expect(names.filter(name => name.startsWith('probe.'))).toEqual([
    'probe.weight',
    'probe.bias',
    'probe.optimizer.weight.momentum',
    'probe.optimizer.bias.momentum',
  ]);
});

async function namesIn(out: string): Promise<{ names: string[] }> {
  const file = (await latestCheckpoint(runFolder(out).checkpoints))!.path;
  const length = Number(readFileSync(file).readBigUInt64LE(0));
  const header = JSON.parse(
    readFileSync(file)
      .subarray(8, 8 + length)
      .toString(),
  ) as object;
  return { names: Object.keys(header) };
}

const SINGLE: Dataset = { ...smallData(), labels: new Int32Array(20) };

test.each<[string, () => Partial<PretrainOptions>, RegExp]>([
  ['no labels', () => ({ data: smallData(), probe: true }), /needs labels of at least two classes; got none in small;/],
  ['one class', () => ({ data: SINGLE, probe: true }), /needs labels of at least two classes; got 1 in small;/],
  ['a word', () => ({ probe: 'yes' as never }), /probe must be true, false or its settings; got "yes"/],
  [
    'a slip',
    () => ({ probe: { learningrate: 1 } as never }),
    /^pretrain probe: there is no setting 'learningrate'; did you/,
  ],
  ['no learning', () => ({ probe: { learningRate: 0 } }), /^pretrain probe: learningRate must be above 0; got 0/],
  ['decay below 0', () => ({ probe: { weightDecay: -1 } }), /^pretrain probe: weightDecay must be/],
])('refuses before any work: %s', async (_, options, message) => {
  await expect(started({ out: fresh(), ...options() })).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringMatching(message),
  });
});

test('says when the method shows no features', async () => {
  const method = smallMethod();
  const hidden: typeof method.step = (batch, progress) => {
    const { features, ...result } = method.step(batch, progress);
    return result;
  };
  await expect(started({ out: fresh(), method: { ...method, step: hidden }, probe: true })).rejects.toThrow(
    'pretrain probe: needs the features of a step; small shows none; leave probe out',
  );
});
