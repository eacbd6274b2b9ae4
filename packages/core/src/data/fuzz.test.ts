import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCorpus } from '../../../../scripts/data/fuzz-corpus.ts';
import type { FuzzFigures } from '../../../../scripts/data/fuzz-run.ts';

const FULL = process.env.SSL_TEST_FULL === '1';
const COUNT = FULL ? 2500 : 300;
const LIMIT = FULL ? 600_000 : 120_000;
const RUN = fileURLToPath(new URL('../../../../scripts/data/fuzz-run.ts', import.meta.url));

let dir: string;
let paths: string[];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ssl-fuzz-'));
  paths = await makeCorpus(dir, { seed: 1, count: COUNT });
});
afterAll(() => rm(dir, { recursive: true }));

/** In a process of its own: a crash of a native decoder ends that one, with a signal. */
async function run(): Promise<{ code: number | null; signal: string | null; out: string; errors: string }> {
  const child = spawn(process.execPath, [RUN, dir, ...(FULL ? ['--ways', 'all'] : [])], { timeout: LIMIT });
  const [out, errors]: string[][] = [[], []];
  child.stdout.on('data', (part: Buffer) => out!.push(String(part)));
  child.stderr.on('data', (part: Buffer) => errors!.push(String(part)));
  const [code, signal] = await new Promise<[number | null, string | null]>(resolve => {
    child.on('close', (...end) => resolve(end));
  });
  return { code, signal, out: out!.join(''), errors: errors!.join('') };
}

/** What the engine's JPEG decoder says of damaged files, on its own: nobody can stop it. */
const OF_LIBJPEG = /JPEG|Huffman|marker|progress|component|scan|dimension|^$/;

describe('broken, truncated, mutated and odd files', () => {
  it('neither crash nor hang, and each is decoded to sound pixels or counted and named', {
    timeout: LIMIT,
  }, async () => {
    const { code, signal, out, errors } = await run();
    const others = errors.split('\n').filter(line => !OF_LIBJPEG.test(line));
    expect({ code, signal, others }).toEqual({ code: 0, signal: null, others: [] });
    const figures = JSON.parse(out) as FuzzFigures;
    expect(figures.faults).toEqual([]);
    expect(figures.files).toBe(COUNT);
    expect(figures.leftOutByHeader + figures.leftOutByPixels + figures.loaded).toBe(COUNT);
    expect(figures.decoded + figures.refused).toBe(FULL ? 5 * COUNT : COUNT);
    // Most sound files, whatever their extension, are among what could be loaded; nothing that was made to be refused is.
    const sound = paths.filter(path => path.startsWith('sound/')).length;
    expect(figures.loaded).toBeGreaterThan(sound);
    expect(figures.leftOutByHeader).toBeGreaterThan(50);
  });
});
