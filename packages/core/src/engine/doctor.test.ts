import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { diagnose } from './doctor.ts';
import { fakeLibrary, fakePip, temporaryFolder, writeWheel } from './install/fake-wheel.ts';
import { type EngineProbe, type ProbeOutcome, probeInChild } from './install/probe-process.ts';
import { installEngine } from './install.ts';

const healthy: EngineProbe = {
  version: '2.20.0',
  devices: [{ name: '/device:CPU:0', type: 'CPU', memoryBytes: 2 ** 28 }],
  threads: { intra: 2, inter: 2 },
  xla: true,
  missingSymbols: [],
};

const answering =
  (probe: EngineProbe = healthy) =>
  (): Promise<ProbeOutcome> =>
    Promise.resolve({ kind: 'answered', probe });

/** A module that exports this function as `probeEngine`. */
const module = (body: string): string =>
  `data:text/javascript,${encodeURIComponent(`export function probeEngine() { ${body} }`)}`;

let root: string;

beforeEach(() => {
  root = temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', root);
  vi.stubEnv('SSL_ENGINE_DIR', '');
  return () => vi.unstubAllEnvs();
});

describe.skipIf(process.platform !== 'linux')('diagnose', () => {
  async function install(): Promise<string> {
    vi.stubEnv('PATH', fakePip(root, `cp '${writeWheel(root)}' "$into"`).path);
    return (await installEngine()).directory;
  }

  test('a whole engine has no problems', async () => {
    const directory = await install();
    const report = await diagnose(answering());
    expect(report.library).toEqual({ found: true, origin: 'cache', directory, version: '2.20.0', hashOk: true });
    expect(report).toMatchObject({
      ok: true,
      problems: [],
      xla: true,
      threads: healthy.threads,
      devices: healthy.devices,
    });
    expect(report.cpu.cores).toBeGreaterThan(0);
    expect(report.memory.available).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('no engine: the command to get one, and nothing is asked', async () => {
    const report = await diagnose(() => expect.unreachable('there is nothing to ask'));
    expect(report).toMatchObject({ ok: false, library: { found: false, hashOk: null }, devices: [], xla: null });
    expect(report.problems).toEqual([
      { what: expect.stringContaining('none found'), fix: 'npx @ssl/cli engine install' },
    ]);
  });

  test('bytes changed without changing the size are found', async () => {
    const file = join(await install(), 'libtensorflow_framework.so.2');
    writeFileSync(file, fakeLibrary(9));
    const report = await diagnose(answering());
    expect(report.library.hashOk).toBe(false);
    expect(report.problems).toEqual([
      { what: `${file}: the checksum is not the installed one`, fix: 'npx @ssl/cli engine install --force' },
    ]);
  });

  test('a cut file is named', async () => {
    truncateSync(join(await install(), 'libtensorflow_cc.so.2'), 1000);
    const { problems } = await diagnose(answering());
    expect(problems[0]!.what).toMatch(/libtensorflow_cc\.so\.2: it has 1000 bytes/);
  });

  test('missing functions are listed', async () => {
    await install();
    const { problems } = await diagnose(answering({ ...healthy, missingSymbols: ['TFE_EnableCollectiveOps'] }));
    expect(problems).toEqual([{ what: expect.stringContaining('TFE_EnableCollectiveOps'), fix: expect.any(String) }]);
  });

  test.each([
    [{ kind: 'refused', message: 'engine: it lacks TF_Version' }, /^engine: it lacks TF_Version$/],
    [{ kind: 'crashed', signal: 'SIGILL', output: 'last words' }, /SIGILL.*lacks an instruction.*last words/s],
    [{ kind: 'silent' }, /did not start/],
  ] as const)('an engine that fails is a problem, not a crash: $kind', async (outcome, what) => {
    await install();
    const { ok, problems } = await diagnose(() => Promise.resolve(outcome));
    expect(ok).toBe(false);
    expect(problems).toEqual([{ what: expect.stringMatching(what), fix: 'npx @ssl/cli engine install --force' }]);
  });
});

describe('probeInChild', () => {
  test('brings back what the engine says, asked from the folder of the caller', async () => {
    const outcome = await probeInChild(module('return { version: process.cwd() }'));
    expect(outcome).toEqual({ kind: 'answered', probe: { version: process.cwd() } });
  });

  test('brings back an error', async () => {
    const outcome = await probeInChild(module("throw new Error('no library')"));
    expect(outcome).toEqual({ kind: 'refused', message: 'no library' });
  });

  test.skipIf(process.platform === 'win32')('survives a crash and names the signal', async () => {
    const outcome = await probeInChild(
      module("console.error('last words'); process.kill(process.pid, 'SIGSEGV'); for (;;);"),
    );
    expect(outcome).toEqual({ kind: 'crashed', signal: 'SIGSEGV', output: 'last words' });
  });
});
