import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../io/index.ts';
import type { Method } from '../method/index.ts';
import { stateOf } from '../nn/module.ts';
import { liveTensors } from '../tensor/variable.ts';
import { type PretrainOptions, type ProgressEvent, pretrain, readMetrics, runFolder } from './index.ts';
import { smallBackbone, smallData, smallMethod, smallRun } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-pretrain-'));
afterAll(() => rmSync(root, { recursive: true }));

let folders = 0;
const fresh = (): string => join(root, `run${folders++}`);

/** Hash of every file below a folder, by name. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter(name => statSync(join(folder, name)).isFile()).sort();
  return Object.fromEntries(
    files.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

function weightsOf({ trained, carried }: Method): Record<string, number[]> {
  return Object.fromEntries([...stateOf({ ...trained, ...carried })].map(([name, v]) => [name, [...v.values()]]));
}

const whole = fresh();
let wholeContent: string;
const events: ProgressEvent[] = [];
const alive: number[] = [];
let method: Method;

beforeAll(async () => {
  method = smallMethod();
  alive.push(liveTensors());
  wholeContent = await smallRun(whole, {
    method,
    onProgress: event => {
      events.push(event);
      if (event.phase === 'train') alive.push(liveTensors());
    },
  });
  alive.push(liveTensors());
});

describe('a run', () => {
  test('leaves its files and nothing else', () => {
    expect(Object.keys(filesIn(whole))).toEqual([
      'backbone.safetensors',
      'checkpoints/step-000000009.safetensors',
      'checkpoints/step-000000010.safetensors',
      'config.json',
      'metrics.jsonl',
      'views.png',
    ]);
  });

  test('reports reading and then every step, in order', () => {
    const decoded = events.filter(event => event.phase === 'decode');
    const trained = events.filter(event => event.phase === 'train');
    expect(events).toEqual([...decoded, ...trained]);
    expect(decoded.map(({ done, total }) => [done, total])).toEqual(Array.from({ length: 20 }, (_, i) => [i + 1, 20]));
    expect(trained.map(({ done, total, epoch, epochs }) => [done, total, epoch, epochs])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, 10, i < 5 ? 1 : 2, 2]),
    );
    expect(trained.every(({ loss, imagesPerSecond }) => Number.isFinite(loss) && imagesPerSecond > 0)).toBe(true);
  });

  test('writes a line for every step, with what was measured at the end of an epoch', async () => {
    const lines = await readMetrics(whole);
    expect(lines.map(({ step, epoch }) => [step, epoch])).toEqual(
      Array.from({ length: 10 }, (_, i) => [i + 1, i < 5 ? 1 : 2]),
    );
    expect(lines.map(({ rankMe }) => rankMe !== undefined)).toEqual(
      [5, 10].flatMap(() => [false, false, false, false, true]),
    );
    expect(Object.keys(lines[0]!)).toEqual([
      'step',
      'epoch',
      'learningRate',
      'loss',
      'gradNorm',
      'featureStd',
      'apart',
    ]);
  });

  test('keeps the number of native tensors flat, and frees all but the method', () => {
    const [before, first, ...rest] = alive;
    const last = rest.at(-2)!; // no images are uploaded for a step after it
    expect(new Set([...rest.slice(0, -2), last + 1])).toEqual(new Set([first]));
    expect(rest.at(-1)).toBe(before);
  });

  test('depends on the seed, and on nothing that is not a setting', async () => {
    expect(await smallRun(fresh(), { seed: 1 })).not.toBe(wholeContent);
    const other = { checkpointEvery: 4, keepCheckpoints: 5 };
    expect(await smallRun(fresh(), other)).toBe(wholeContent);
  });
});

describe('a run that was stopped', () => {
  test('goes on, in the same process and with the same method too, and stops after as many steps of each call', async () => {
    const out = fresh();
    const once = smallMethod();
    const stop = (stopAfter: number, options: Partial<PretrainOptions> = {}): Promise<string> =>
      smallRun(out, { resume: true, stopAfter, ...options });
    await expect(stop(4, { method: once })).rejects.toThrow(
      /^pretrain: stopped at step 4 of 10 and saved in .*; go on with resume: true/,
    );
    await expect(stop(1, { method: once })).rejects.toThrow(/stopped at step 5 of 10/);
    await expect(stop(3)).rejects.toThrow(/stopped at step 8 of 10/);
    expect(await stop(2)).toBe(wholeContent); // the last step needs no stop
  });

  test('by a signal: after the step under way, or while reading, where nothing is left behind', async () => {
    const [out, controller] = [fresh(), new AbortController()];
    const listeners = process.listenerCount('SIGINT');
    const onProgress = (event: ProgressEvent): void => {
      if (event.phase === 'train' && event.done === 2) controller.abort();
    };
    await expect(smallRun(out, { signal: controller.signal, onProgress })).rejects.toThrow(/stopped at step 2 of 10/);
    expect(await smallRun(out, { resume: true })).toBe(wholeContent);
    const early = fresh();
    await expect(smallRun(early, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'InterruptedError',
      message: expect.stringContaining('stopped while the images were read'),
    });
    expect(existsSync(early)).toBe(false);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });

  test('passes over a damaged checkpoint', async () => {
    const out = fresh();
    await expect(smallRun(out, { stopAfter: 8 })).rejects.toThrow(/stopped/);
    const newest = join(runFolder(out).checkpoints, 'step-000000008.safetensors');
    const bytes = readFileSync(newest);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(newest, bytes);
    expect(await smallRun(out, { resume: true })).toBe(wholeContent);
  });
});

describe('a finished run', () => {
  test('resumed gives the same result at once, without reading an image, and its weights', async () => {
    const before = filesIn(whole);
    const again = smallMethod({ backbone: smallBackbone({ seed: 9 }) });
    const unread: ProgressEvent[] = [];
    const options = {
      data: smallData(),
      out: whole,
      resume: true,
      onProgress: (event: ProgressEvent) => unread.push(event),
    };
    const result = await pretrain({ ...options, method: again });
    const { step, epoch, learningRate, rankMe, evaluationFeatureStd, ...metrics } = (await readMetrics(whole)).at(-1)!;
    expect(result).toMatchObject({ out: whole, steps: 10, epochs: 2, metrics });
    expect(unread).toEqual([]);
    expect(weightsOf(again)).toEqual(weightsOf(method));
    expect(filesIn(whole)).toEqual(before);
  });

  test('is not overwritten', async () => {
    const before = filesIn(whole);
    await expect(smallRun(whole)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(
        /the run folder must be new; .* holds a run; go on with it .* or choose another folder/,
      ),
    });
    expect(filesIn(whole)).toEqual(before);
  });

  test('whose checkpoints or settings are gone cannot go on, and is not overwritten either', async () => {
    const [out, { backbone, config }] = [fresh(), runFolder(whole)];
    mkdirSync(out);
    writeFileSync(runFolder(out).backbone, readFileSync(backbone));
    await expect(smallRun(out, { resume: true })).rejects.toThrow(
      /has a trained backbone and none; choose another folder/,
    );
    await expect(smallRun(out)).rejects.toThrow(/holds a run/);
    const kept = readFileSync(config);
    for (const broken of ['', '{"spec":']) {
      writeFileSync(config, broken);
      await expect(smallRun(whole, { resume: true })).rejects.toThrow(
        /config.json: must be the settings of the run; got .*JSON/,
      );
    }
    writeFileSync(config, kept);
  });
});

describe('another run is not resumed:', () => {
  let stopped: string;
  beforeAll(async () => {
    stopped = fresh();
    await expect(smallRun(stopped, { stopAfter: 5 })).rejects.toThrow(/stopped/);
  });

  const other = (name: string): (() => Partial<PretrainOptions>) => CASES[name]![0];
  const CASES: Record<string, [() => Partial<PretrainOptions>, RegExp]> = {
    recipe: [
      () => ({ recipe: { epochs: 3, clipNorm: 1 } }),
      /recipe.epochs: 2, now 3; recipe.clipNorm: nothing, now 1;/,
    ],
    seed: [() => ({ seed: 2 }), /differs in seed: 0, now 2; use the same settings or another folder$/],
    'image size': [() => ({ imageSize: 24 }), /imageSize: 16, now 24/],
    'setting of the method': [() => ({ method: smallMethod({ weight: 2 }) }), /config.weight: 1, now 2/],
    method: [() => ({ method: { ...smallMethod(), name: 'else' } }), /method: "small", now "else"/],
    views: [() => ({ method: { ...smallMethod(), views: otherViews() } }), /views\[0\].count: 2, now 3/],
    'backbone by name': [
      () => ({ method: { ...smallMethod(), backbone: renamed() } }),
      /backbone: "small.cifar", now "other"/,
    ],
    'backbone by shape': [
      () => ({ method: smallMethod({ backbone: smallBackbone({ width: 8 }) }) }),
      /step-000000005.safetensors: its tensors must fit .* it looks like a run with another backbone/,
    ],
    data: [() => ({ data: smallData(24) }), /data: 20 images of small, now other ones, 24 of small/],
  };

  test.each(Object.keys(CASES))('%s', async name => {
    const before = filesIn(stopped);
    await expect(smallRun(stopped, { resume: true, ...other(name)() })).rejects.toMatchObject({
      name: 'CheckpointError',
      message: expect.stringMatching(CASES[name]![1]),
    });
    expect(filesIn(stopped)).toEqual(before);
  });

  test('images of the same name of which fewer can be read', async () => {
    const data = smallData();
    const image: typeof data.image = index => (index === 7 ? smallData().image(99) : data.image(index));
    await expect(smallRun(stopped, { resume: true, data: { ...data, image } })).rejects.toThrow(
      /a run goes on with the same images; those in small are not the ones of .*step-000000005/,
    );
  });

  test('data under another name are the same', async () => {
    const data = { ...smallData(), name: 'moved' };
    await smallRun(stopped, { resume: true, data });
    expect((await latestCheckpoint(runFolder(stopped).checkpoints))!.step).toBe(10);
  });

  const otherViews = (): Method['views'] => smallMethod().views.map(view => ({ ...view, count: 3 }));
  const renamed = (): Method['backbone'] => Object.defineProperty(smallBackbone(), 'name', { value: 'other' });
});
