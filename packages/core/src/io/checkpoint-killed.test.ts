import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { latestCheckpoint, type Stored, saveCheckpoint } from './checkpoint.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-killed-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A variable without an engine. */
function stored(initial: Float32Array): Stored & { current: Float32Array } {
  return {
    current: initial,
    shape: [initial.length],
    dtype: 'float32',
    values() {
      return this.current;
    },
    load(next) {
      this.current = next as Float32Array;
    },
  };
}

/** Saves one checkpoint after the other, each filled with its step's number, and says so. */
const writer = `
  import { latestCheckpoint, saveCheckpoint } from ${JSON.stringify(new URL('./checkpoint.ts', import.meta.url).href)};
  const directory = process.argv[1];
  let step = (await latestCheckpoint(directory))?.step ?? 0;
  for (;;) {
    step++;
    const values = new Float32Array(300_000).fill(step);
    const tensor = { shape: [values.length], dtype: 'float32', values: () => values, load() {} };
    await saveCheckpoint(directory, step, new Map([['a', tensor], ['b', tensor]]), { step }, { keep: 2 });
    console.log(step);
  }
`;

it('a writer killed at any moment leaves a whole checkpoint, not older than the last it told of', async () => {
  const directory = join(root, 'run');
  let cutShort = 0;
  for (let round = 0; round < 12; round++) {
    const told = await killed(spawn(process.execPath, ['--input-type=module', '-e', writer, directory]), 3 * round);
    const checkpoint = await latestCheckpoint(directory, {
      warn: message => {
        throw new Error(message);
      },
    });
    expect(checkpoint!.step).toBeGreaterThanOrEqual(told);
    const [a, b] = [stored(new Float32Array(300_000)), stored(new Float32Array(300_000))];
    await checkpoint!.restore(
      new Map([
        ['a', a],
        ['b', b],
      ]),
    );
    for (const { current } of [a, b]) expect(current.every(value => value === checkpoint!.step)).toBe(true);
    cutShort += readdirSync(directory).filter(name => name.endsWith('.partial')).length;
  }
  expect(cutShort).toBeGreaterThan(0); // else the writer was never hit at work
  await saveCheckpoint(directory, 1e6, new Map([['a', stored(new Float32Array(1))]]), {});
  expect(readdirSync(directory).filter(name => name.endsWith('.partial'))).toEqual([]);
});

/** Kills a writer some time after its first message; returns the last step it told of. */
async function killed(child: ChildProcess, delay: number): Promise<number> {
  let told = 0;
  child.stdout!.on('data', (text: Buffer) => {
    told = Number(text.toString().trim().split('\n').at(-1));
  });
  let errors = '';
  child.stderr!.on('data', (text: Buffer) => {
    errors += text.toString();
  });
  const ended = once(child, 'close');
  await Promise.race([once(child.stdout!, 'data'), ended]);
  await new Promise(resolve => setTimeout(resolve, delay));
  child.kill('SIGKILL');
  await ended;
  expect(errors).toBe('');
  return told;
}
