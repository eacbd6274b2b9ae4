import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../errors.ts';
import { latestCheckpoint, loadCheckpoint, type Stored, saveCheckpoint } from './checkpoint.ts';
import { saveWeights } from './state-dict.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-checkpoint-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const folder = (): string => join(root, `run${folders++}`);

/** A variable without an engine. */
function stored(
  values: Float32Array | Int32Array,
  shape: readonly number[] = [values.length],
): Stored & { current: Float32Array | Int32Array } {
  return {
    current: values,
    shape,
    dtype: values instanceof Int32Array ? 'int32' : 'float32',
    values() {
      return this.current;
    },
    load(next) {
      this.current = next;
    },
  };
}

/** Bits that a conversion would lose: NaNs with a payload, −0, subnormals, infinities. */
const odd = new Float32Array(Uint32Array.of(0x7fc00123, 0xffa00001, 0x80000000, 1, 0x7f800000, 0x3f800001).buffer);

const state = (value = 0): Map<string, Stored & { current: Float32Array | Int32Array }> =>
  new Map([
    [
      'backbone.conv1.weight',
      stored(
        odd.map(x => x + value - value || x),
        [2, 3],
      ),
    ],
    ['queue', stored(new Float32Array(1000).fill(value), [10, 100])],
    ['pointer', stored(Int32Array.of(-(2 ** 31), 2 ** 31 - 1, value))],
    ['empty', stored(new Float32Array(0), [0, 7])],
  ]);

const bits = (values: Float32Array | Int32Array): Buffer =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);

describe('round trip', () => {
  it('gives back every bit, the step and the meta data', async () => {
    const meta = { seed: 7, epoch: 3, config: { name: 'ä', list: [1, 2.5, null, true] } };
    const before = state();
    before.set('odd', stored(odd.slice()));
    const path = await saveCheckpoint(folder(), 1234, before, meta);
    expect(path).toMatch(/step-000001234\.safetensors$/);
    const checkpoint = await loadCheckpoint(path);
    expect(checkpoint).toMatchObject({ path, step: 1234, meta });
    const after = new Map(
      [...before].map(([name, { current, shape }]) => [name, stored(current.map(() => 42) as Float32Array, shape)]),
    );
    await checkpoint.restore(after);
    for (const [name, { current }] of before) {
      expect(bits(after.get(name)!.current), name).toEqual(bits(current));
      expect(after.get(name)!.current.constructor).toBe(current.constructor);
    }
  });

  it('saves the same state as the same bytes', async () => {
    const [a, b] = [await saveCheckpoint(folder(), 5, state(1), {}), await saveCheckpoint(folder(), 5, state(1), {})];
    expect(readFileSync(a)).toEqual(readFileSync(b));
  });

  it('replaces the checkpoint of the same step', async () => {
    const directory = folder();
    await saveCheckpoint(directory, 5, state(1), 'old');
    expect((await loadCheckpoint(await saveCheckpoint(directory, 5, state(2), 'new'))).meta).toBe('new');
    expect(readdirSync(directory)).toHaveLength(1);
  });
});

describe('what stays', () => {
  it('is the newest ones and the milestones', async () => {
    const directory = folder();
    for (let step = 10; step <= 80; step += 10)
      await saveCheckpoint(directory, step, state(), {}, { keep: 2, milestone: at => at % 30 === 0 });
    const steps = readdirSync(directory).map(name => Number(/\d+/.exec(name)![0]));
    expect(steps).toEqual([30, 60, 70, 80]);
  });

  it('other files are left alone, and later checkpoints too', async () => {
    const directory = folder();
    await saveCheckpoint(directory, 50, state(), {});
    for (const name of ['best.safetensors', 'step-3.safetensors.bak', 'notes'])
      writeFileSync(join(directory, name), '');
    await saveCheckpoint(directory, 20, state(), {}, { keep: 1 });
    await saveCheckpoint(directory, 30, state(), {}, { keep: 1 });
    expect(readdirSync(directory).sort()).toEqual(
      [
        'best.safetensors',
        'notes',
        'step-000000030.safetensors',
        'step-000000050.safetensors',
        'step-3.safetensors.bak',
      ].sort(),
    );
  });
});

describe('damage', () => {
  it('any flipped bit and any cut is found', async () => {
    const whole = readFileSync(await saveCheckpoint(folder(), 9, state(3), { a: 1 }));
    const path = join(root, 'step-9.safetensors');
    for (let i = 0; i < whole.length; i += 29) {
      const bytes = Buffer.from(whole);
      bytes[i]! ^= 1 << (i % 8);
      writeFileSync(path, bytes);
      await expect(loadCheckpoint(path), `byte ${i}`).rejects.toThrow(CheckpointError);
    }
    for (let part = 0; part < 16; part++) {
      writeFileSync(path, whole.subarray(0, Math.floor((whole.length * part) / 16)));
      await expect(loadCheckpoint(path), `${part}/16`).rejects.toThrow(CheckpointError);
    }
    writeFileSync(path, whole);
    expect((await loadCheckpoint(path)).step).toBe(9);
  });

  it('makes the one before the newest', async () => {
    const directory = folder();
    await saveCheckpoint(directory, 10, state(1), {});
    const newest = await saveCheckpoint(directory, 20, state(2), {});
    truncateSync(newest, 3000);
    const warnings: string[] = [];
    const checkpoint = await latestCheckpoint(directory, { warn: message => warnings.push(message) });
    expect(checkpoint!.step).toBe(10);
    expect(warnings).toEqual([expect.stringMatching(/step-000000020.*damaged.*passed over for .*step-000000010/)]);
    // The run that goes on from there does not lose its way back because of the damaged file.
    await saveCheckpoint(directory, 15, state(2), {}, { keep: 2 });
    truncateSync(join(directory, 'step-000000015.safetensors'), 100);
    expect((await latestCheckpoint(directory, { warn: () => undefined }))!.step).toBe(10);
  });

  it('of all there are is an error; none at all is not', async () => {
    expect(await latestCheckpoint(join(root, 'absent'))).toBeUndefined();
    const directory = folder();
    truncateSync(await saveCheckpoint(directory, 1, state(), {}), 20);
    await expect(latestCheckpoint(directory)).rejects.toThrow(
      /must have a whole checkpoint; got 1 damaged.*step-000000001/,
    );
    writeFileSync(join(root, 'file'), '');
    await expect(latestCheckpoint(join(root, 'file'))).rejects.toThrow(/must be a folder/);
  });
});

describe('a checkpoint of another run', () => {
  const restoreInto = async (tensors: ReadonlyMap<string, Stored>): Promise<void> => {
    const path = await saveCheckpoint(folder(), 1, state(5), {});
    await (await loadCheckpoint(path)).restore(tensors);
  };

  it('is refused before anything changes, and says what differs', async () => {
    const tensors = state(1);
    tensors.set('predictor.weight', stored(new Float32Array(4)));
    tensors.delete('pointer');
    tensors.set('queue', stored(new Float32Array(6), [3, 2]));
    const message =
      /1 of 4 missing \(predictor\.weight\), 1 unknown \(pointer\), 1 of another shape \(queue \[10,100\] for \[3,2\]\); the run had another head/;
    await expect(restoreInto(tensors)).rejects.toThrow(message);
    expect(tensors.get('queue')!.current).toEqual(new Float32Array(6));
    await expect(restoreInto(new Map([['layer1.weight', stored(new Float32Array(4))]]))).rejects.toThrow(
      /looks like a run with another backbone/,
    );
  });

  it('is refused when a type differs', async () => {
    await expect(restoreInto(state().set('pointer', stored(new Float32Array(3))))).rejects.toThrow(
      /'pointer' must be F32; got I32/,
    );
  });

  it('is not confused with weights, or with another version', async () => {
    const weights = join(root, 'weights.safetensors');
    await saveWeights(weights, {});
    await expect(loadCheckpoint(weights)).rejects.toThrow(
      /must be a checkpoint of a run; got a safetensors file of another kind/,
    );
    const path = await saveCheckpoint(folder(), 1, state(), {});
    writeFileSync(path, readFileSync(path, 'latin1').replace('"version":"1"', '"version":"2"'), 'latin1');
    await expect(loadCheckpoint(path)).rejects.toThrow(/must be of version 1; got 2/);
  });

  it('cannot slip in between loading and restoring', async () => {
    const path = await saveCheckpoint(folder(), 1, state(1), {});
    const checkpoint = await loadCheckpoint(path);
    copyFileSync(await saveCheckpoint(folder(), 1, state(2), {}), path);
    await expect(checkpoint.restore(state())).rejects.toThrow(/must stay as it is/);
  });

  it('needs whole numbers', async () => {
    await expect(saveCheckpoint(root, -1, state(), {})).rejects.toThrow(ConfigError);
    await expect(saveCheckpoint(root, 1, state(), {}, { keep: 0 })).rejects.toThrow(
      /keep must be a whole number, 1 or above; got 0/,
    );
  });
});
