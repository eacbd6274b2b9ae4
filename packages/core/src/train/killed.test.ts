import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMetrics, runFolder } from './index.ts';
import type { Moment } from './killed-run.ts';
import { contentOf } from './small-run.ts';

/** Several processes one after the other, each of which loads the library. */
const SLOW = 180_000;
const root = mkdtempSync(join(tmpdir(), 'ssl-killed-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

function start(call: string): { child: ChildProcess; said: (text: string) => Promise<void>; ended: Promise<Ended> } {
  const code = `const m = await import(${JSON.stringify(new URL('./killed-run.ts', import.meta.url).href)}); await m.${call};`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => {
    out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text;
  });
  const ended = new Promise<Ended>(resolve => {
    child.on('close', (status, signal) => resolve({ code: status, signal, out, err }));
  });
  const said = async (text: string): Promise<void> => {
    while (!(out + err).includes(text) && child.exitCode === null && child.signalCode === null) await sleep(2);
  };
  return { child, said, ended };
}

const run = (out: string, moment: Moment = {}): Promise<Ended> =>
  start(`runUntilKilled(${JSON.stringify(out)}, ${JSON.stringify(moment)})`).ended;

let whole: string;
beforeAll(async () => {
  const out = join(root, 'whole');
  expect(await run(out)).toMatchObject({ code: 0 });
  whole = contentOf(out);
});

const partial = (step: number): string => `.step-00000000${step}.safetensors.partial`;

test(
  'SIGKILL at chosen moments, one after the other in one run',
  async () => {
    const out = join(root, 'chosen');
    const { checkpoints, backbone } = runFolder(out);
    const files = (): string[] => readdirSync(checkpoints);
    const killed = async (moment: Moment): Promise<void> =>
      expect(await run(out, moment), JSON.stringify(moment)).toMatchObject({ signal: 'SIGKILL' });

    await killed({ decode: 7 });
    expect(existsSync(runFolder(out).config)).toBe(false);
    await killed({ change: [`fill ${partial(3)}`, 4] }); //            while a checkpoint is written
    expect(files().filter(name => name.endsWith('.partial'))).toHaveLength(1);
    await killed({ change: [`open ${partial(3)}`, 1] }); //            between the line of metrics and its checkpoint
    expect(await readMetrics(out)).toHaveLength(3);
    await killed({ change: ['append metrics.jsonl', 4] }); //          right after a rename
    expect(files()).toEqual(['step-000000003.safetensors']);
    await killed({ change: ['rename backbone.safetensors', 1] }); //   at the very end
    expect(existsSync(backbone)).toBe(false);
    expect(files()).toContain('step-000000010.safetensors');

    expect(await run(out)).toMatchObject({ code: 0, out: '', err: '' }); // no step is left to be made
    expect(contentOf(out)).toBe(whole);
    expect([...readdirSync(out), ...files()].filter(name => name.startsWith('.'))).toEqual([]);
  },
  SLOW,
);

test(
  'SIGKILL at random moments, and Ctrl-C in between, which saves and says how to go on',
  async () => {
    const out = join(root, 'random');
    const moments: string[] = [];
    const stopped = async (signal: NodeJS.Signals, least: number): Promise<Ended> => {
      const [step, delay] = [least + Math.floor(2 * Math.random()), 40 * Math.random()];
      moments.push(`${signal} ${delay.toFixed(1)} ms after step ${step}`);
      const { child, said, ended } = start(`runUntilKilled(${JSON.stringify(out)})`);
      await said(`step ${step}\n`);
      await sleep(delay);
      child.kill(signal);
      return ended;
    };
    await stopped('SIGKILL', 1);
    const { code, err } = await stopped('SIGINT', 4);
    if (code !== 0) {
      expect(err, moments.join()).toContain('stopping as soon as');
      expect(err).toMatch(
        /InterruptedError: pretrain: stopped at step \d of 10 and saved in .*; go on with resume: true/,
      );
      const [, step] = /stopped at step (\d)/.exec(err)!;
      expect(readdirSync(runFolder(out).checkpoints)).toContain(`step-00000000${step}.safetensors`);
    }
    await stopped('SIGKILL', 7);
    expect(await run(out), moments.join()).toMatchObject({ code: 0 });
    expect(contentOf(out), moments.join()).toBe(whole);
  },
  SLOW,
);

test('a second Ctrl-C ends the process at once', async () => {
  const { child, said, ended } = start(`hangingRun(${JSON.stringify(join(root, 'hanging'))})`);
  await said('hanging');
  child.kill('SIGINT');
  await said('stopping');
  const asked = performance.now();
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ signal: 'SIGINT' });
  expect(performance.now() - asked).toBeLessThan(5_000);
});
