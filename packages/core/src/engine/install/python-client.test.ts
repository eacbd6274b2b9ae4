import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { EngineError } from '../../errors.ts';
import { temporaryFolder } from './fake-wheel.ts';
import { downloadCommand, findPythonClient } from './python-client.ts';
import { wheelFor } from './wheels.ts';

/** Puts commands on an otherwise empty path: each prints its text when its last word is `--version`. */
function commands(texts: Readonly<Record<string, string>>): void {
  const bin = join(temporaryFolder(), 'bin');
  mkdirSync(bin);
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${text}"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  vi.stubEnv('PATH', bin);
}

beforeEach(() => () => vi.unstubAllEnvs());

describe.skipIf(process.platform === 'win32')('findPythonClient', () => {
  test('pip is taken before the others', async () => {
    commands({ pip: 'pip 24.0 from /x', python3: 'pip 25.0 from /x', uv: 'pip 26.0 from /x' });
    expect(await findPythonClient()).toEqual({ words: ['pip'], version: '24.0' });
  });

  test('one that is too old or broken is passed over', async () => {
    commands({ pip: 'pip 20.2.4 from /x', pip3: 'Traceback', python3: 'pip 20.3 from /x' });
    expect(await findPythonClient()).toEqual({ words: ['python3', '-m', 'pip'], version: '20.3' });
  });

  test('uv will do where there is no pip', async () => {
    commands({ uv: 'pip 26.0.1 from /x' });
    expect(await findPythonClient()).toEqual({ words: ['uv', 'tool', 'run', 'pip'], version: '26.0.1' });
  });
});

test('the command names every platform tag and no index', () => {
  const client = { words: ['python3', '-m', 'pip'], version: '24.0' };
  const wheel = wheelFor('2.21.0', false, { platform: 'linux', arch: 'x64' });
  expect(downloadCommand(client, { wheel, dependencies: false, into: '/w', temporary: '/t' }).join(' ')).toBe(
    'python3 -m pip download --no-deps --only-binary=:all: --platform manylinux_2_17_x86_64 --platform manylinux_2_27_x86_64 ' +
      '--platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 --python-version 3.11 --implementation cp ' +
      '--no-cache-dir --progress-bar off -d /w tensorflow-cpu==2.21.0',
  );
});

test.each([
  ['linux', 'x64', true, 'tensorflow[and-cuda]==2.20.0'],
  ['linux', 'arm64', false, 'tensorflow==2.20.0'],
  ['darwin', 'arm64', false, 'tensorflow==2.20.0'],
] as const)('the wheel for %s %s, CUDA %s, is %s', (platform, arch, cuda, requirement) => {
  expect(wheelFor('2.20.0', cuda, { platform, arch }).requirement).toBe(requirement);
});

test.each([
  ['win32', 'x64', false, /got win32 x64; use Linux under WSL.*SSL_ENGINE_DIR/],
  ['darwin', 'x64', false, /got darwin x64; build the library and set SSL_ENGINE_DIR/],
  ['darwin', 'arm64', true, /--cuda: .*got darwin arm64; leave --cuda out/],
] as const)('there is no wheel for %s %s, CUDA %s', (platform, arch, cuda, message) => {
  expect(() => wheelFor('2.20.0', cuda, { platform, arch })).toThrow(EngineError);
  expect(() => wheelFor('2.20.0', cuda, { platform, arch })).toThrow(message);
});

test('a version that is none is refused', () => {
  expect(() => wheelFor('2', false, { platform: 'linux', arch: 'x64' })).toThrow(/must look like 2\.20\.0; got '2'/);
});
