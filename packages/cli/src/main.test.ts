import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ssl-cli-'));
  return () => rmSync(root, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(words: string, env: Record<string, string> = {}): { child: ChildProcess; done: Promise<Outcome> } {
  const child = spawn(process.execPath, [MAIN, ...words.split(' ').filter(Boolean)], {
    cwd: root,
    env: { ...process.env, XDG_CACHE_HOME: join(root, 'cache'), SSL_ENGINE_DIR: '', SSL_DEBUG: '', ...env },
  });
  const done = Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    new Promise<number | null>(resolve => child.on('close', resolve)),
  ]);
  return { child, done: done.then(([out, err, code]) => ({ code, out: out.join(''), err: err.join('') })) };
}

const ssl = (words: string, env?: Record<string, string>): Promise<Outcome> => start(words, env).done;

/** A pip that logs that it ran and then runs `body`. */
function fakePip(body: string): { path: string; ran: () => boolean } {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const log = join(root, 'ran');
  writeFileSync(
    join(bin, 'pip'),
    `#!/bin/sh\nif [ "$1" = --version ]; then echo "pip 24.0 from x"; exit 0; fi\ntouch '${log}'\n${body}\n`,
  );
  chmodSync(join(bin, 'pip'), 0o755);
  return { path: `${bin}:/usr/bin:/bin`, ran: () => existsSync(log) };
}

describe('ssl', () => {
  test('help and version come at once', async () => {
    const shortest = async (task: () => Promise<unknown>): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 3; i++) {
        const began = performance.now();
        await task();
        times.push(performance.now() - began);
      }
      return Math.min(...times);
    };
    const bare = await shortest(
      () => new Promise(resolve => spawn(process.execPath, ['-e', '0']).on('close', resolve)),
    );
    const help = await shortest(() => ssl('--help'));
    // Importing the engine takes more than a second.
    expect(help - bare).toBeLessThan(300);
    expect(await ssl('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage: ssl COMMAND'), err: '' });
    expect(await ssl('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test.each([
    ['', /Usage: ssl COMMAND/],
    ['enginee', /no command 'enginee'; did you mean 'engine'\?/],
    ['engine instal', /no action 'instal'; did you mean 'install'\?/],
    ['engine install --forc', /no option --forc; did you mean '--force'\?/],
    ['engine install 2.21.0', /takes options only; got '2\.21\.0'/],
    ['doctor --jsn', /no option --jsn; did you mean '--json'\?/],
    ['pretrain', /--method is needed/],
  ])('a wrong command line ends with 2: ssl %s', async (words, message) => {
    expect(await ssl(words)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });

  test('an explained error ends with 1, without a stack unless it is asked for', async () => {
    const plain = await ssl('pretrain --method nothing-like-it');
    expect(plain).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ssl: --method must be an installed method .*npm install @ssl\/nothing-like-it\n$/),
    });
    const debug = await ssl('pretrain --method nothing-like-it', { SSL_DEBUG: '1' });
    expect(debug.err).toMatch(/\n {4}at .*discover/);
  });

  test.each(['engine --help', 'engine install --help', 'doctor --help', 'data --help', 'pretrain --help'])(
    'ssl %s',
    async words => {
      expect(await ssl(words)).toMatchObject({
        code: 0,
        out: expect.stringContaining(`ssl ${words.split(' ')[0]}`),
        err: '',
      });
    },
  );
});

// The stand-ins are shell scripts and ELF files.
describe.skipIf(process.platform !== 'linux')('ssl engine', () => {
  test('path without an engine says where it looked and how to get one', async () => {
    expect(await ssl('engine path')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/none found.*npx @ssl\/cli engine install/s),
    });
  });

  test('path and remove', async () => {
    const folder = join(root, 'cache/ssl/engine/2.20.0-cpu');
    mkdirSync(folder, { recursive: true });
    const library = Buffer.alloc(2 << 20);
    library.write('\x7fELF\x02\x01\x01', 'latin1');
    library.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, 0x12);
    for (const name of ['cc', 'framework']) writeFileSync(join(folder, `libtensorflow_${name}.so.2`), library);
    const wheel = { file: 'x.whl', sha256: '', checked: 'index' };
    writeFileSync(
      join(folder, 'manifest.json'),
      JSON.stringify({
        version: '2.20.0',
        flavour: 'cpu',
        libraries: '.',
        wheel,
        installedAt: '2026-01-01',
        files: [],
      }),
    );
    expect(await ssl('engine path')).toMatchObject({ code: 0, out: `${folder}\n` });
    expect(await ssl('engine install', { PATH: '/nowhere' })).toMatchObject({
      code: 0,
      out: expect.stringContaining('is already in'),
    });
    expect(await ssl('engine remove --version 2.21.0')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/nothing to remove at .*installed: .*2\.20\.0-cpu/),
    });
    expect(await ssl('engine remove --all')).toMatchObject({ code: 0, out: `removed ${folder}\n` });
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });

  test('install without a client, and with one that fails', async () => {
    expect(await ssl('engine install', { PATH: '/nowhere' })).toMatchObject({
      code: 1,
      err: expect.stringContaining('a Python package client is needed'),
    });
    const { path } = fakePip('echo "ERROR: no network" >&2; exit 1');
    expect(await ssl('engine install', { PATH: path })).toMatchObject({
      code: 1,
      err: expect.stringContaining('ERROR: no network'),
    });
  });

  test('Ctrl-C while installing ends with 130 and leaves nothing', async () => {
    const { path, ran } = fakePip('sleep 30');
    const { child, done } = start('engine install', { PATH: path });
    while (!ran()) await sleep(50);
    child.kill('SIGINT');
    expect(await done).toMatchObject({ code: 130, err: 'stopped\n' });
    expect(readdirSync(join(root, 'cache/ssl/engine'))).toEqual([]);
  });

  test('doctor without an engine ends with 1, and its JSON says why', async () => {
    const { code, out } = await ssl('doctor --json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      library: { found: false },
      problems: [{ fix: 'npx @ssl/cli engine install' }],
    });
    expect((await ssl('doctor')).out).toMatch(
      /^platform .*\nproblem: .*none found.*\nto mend: npx @ssl\/cli engine install\n$/s,
    );
  });
});
