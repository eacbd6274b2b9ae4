import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeLibrary, temporaryFolder } from './install/fake-wheel.ts';
import { type Manifest, writeManifest } from './install/manifest.ts';
import { libraryNames } from './install/platform.ts';
import { engineCacheDirectory, findLibrary, installedEngines } from './library.ts';

const { core, framework } = libraryNames();
let root: string;

beforeEach(() => {
  root = temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', root);
  vi.stubEnv('SSL_ENGINE_DIR', '');
  return () => vi.unstubAllEnvs();
});

function library(folder: string, name: string = core[0]!): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), fakeLibrary(1));
  writeFileSync(join(folder, framework!), fakeLibrary(2));
  return folder;
}

function installed(version: string, cuda: boolean, installedAt: string): string {
  const directory = engineCacheDirectory({ version, cuda });
  const libraries = cuda ? 'tensorflow' : '.';
  library(join(directory, libraries));
  const manifest: Manifest = {
    version,
    flavour: cuda ? 'cuda' : 'cpu',
    libraries,
    wheel: { file: 'x.whl', sha256: '', checked: 'index' },
    installedAt,
    files: [{ path: join(libraries, core[0]!), bytes: 2 << 20, sha256: '' }],
  };
  writeManifest(directory, manifest);
  return join(directory, libraries);
}

function stock(project: string, name: string): string {
  const folder = join(root, project, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '4.22.0' }));
  return library(join(folder, 'deps', 'lib'), core[1]);
}

const find = (project = 'project'): ReturnType<typeof findLibrary> => findLibrary(join(root, project));

// The fakes are ELF files.
describe.skipIf(process.platform !== 'linux')('findLibrary', () => {
  test('nothing anywhere: one error names every place and the command', () => {
    const message = (() => {
      try {
        return find().directory;
      } catch (error) {
        return (error as Error).message;
      }
    })();
    for (const part of [
      'SSL_ENGINE_DIR: not set',
      '@tensorflow/tfjs-node-gpu: ',
      '@tensorflow/tfjs-node: ',
      root,
      'npx @ssl/cli engine install',
    ]) {
      expect(message).toContain(part);
    }
  });

  test('the environment comes first, then a stock tfjs-node, then the cache', () => {
    const cached = installed('2.20.0', false, '2026-01-01');
    expect(find()).toEqual({
      directory: cached,
      core: join(cached, core[0]!),
      framework: join(cached, framework!),
      origin: 'cache',
    });
    // Node remembers where a package was not, so each case has a project of its own.
    const gpuless = stock('one', '@tensorflow/tfjs-node');
    expect(find('one')).toMatchObject({ directory: gpuless, core: join(gpuless, core[1]!), origin: 'tfjs-node' });
    stock('two', '@tensorflow/tfjs-node');
    const gpu = stock('two', '@tensorflow/tfjs-node-gpu');
    expect(find('two').directory).toBe(gpu);
    const named = library(join(root, 'mine'));
    vi.stubEnv('SSL_ENGINE_DIR', named);
    expect(find('two')).toMatchObject({ directory: named, origin: 'environment' });
  });

  test('SSL_ENGINE_DIR may be the folder above, of a Python environment or an unpacked distribution', () => {
    vi.stubEnv('SSL_ENGINE_DIR', join(root, 'site-packages'));
    const inner = library(join(root, 'site-packages', 'tensorflow'));
    expect(find().directory).toBe(inner);
  });

  test.each(['nowhere', 'empty'])(
    'an unusable SSL_ENGINE_DIR is an error even when the cache has an engine: %s',
    name => {
      installed('2.20.0', false, '2026-01-01');
      mkdirSync(join(root, 'empty'));
      vi.stubEnv('SSL_ENGINE_DIR', join(root, name));
      expect(() => find()).toThrow(new RegExp(`SSL_ENGINE_DIR: must be .*${name}.*(does not exist|lacks them)`));
    },
  );

  test('in the cache CUDA is preferred, then the engine installed last', () => {
    const older = installed('2.21.0', false, '2026-01-01');
    const newer = installed('2.20.0', false, '2026-02-01');
    expect(find().directory).toBe(newer);
    expect(older).not.toBe(newer);
    const cuda = installed('2.19.0', true, '2025-01-01');
    expect(find().directory).toBe(cuda);
    expect(installedEngines().map(({ manifest }) => manifest.version)).toEqual(['2.19.0', '2.20.0', '2.21.0']);
  });

  test('a library of another size than was installed is refused with the mending command', () => {
    const directory = installed('2.21.0', false, '2026-01-01');
    truncateSync(join(directory, core[0]!), (2 << 20) - 1);
    expect(() => find()).toThrow(
      /libtensorflow_cc.*2097151 bytes where 2097152 were installed; npx @ssl\/cli engine install --force --version 2\.21\.0/,
    );
  });

  test('a missing second file is named', () => {
    const directory = installed('2.20.0', false, '2026-01-01');
    rmSync(join(directory, framework!));
    expect(() => find()).toThrow(/libtensorflow_framework.*it is missing/);
  });

  test.each([
    ['cut off', (file: string) => truncateSync(file, 1500000), /it is cut off: 1500000 of at least 2097152/],
    ['empty', (file: string) => truncateSync(file, 0), /it has only 0 bytes/],
    ['text', (file: string) => writeFileSync(file, 'x'.repeat(2 << 20)), /it is not an ELF library/],
    [
      'for another processor',
      (file: string) => writeFileSync(file, readFileSync(file).fill(3, 0x12, 0x13)),
      /another kind of processor/,
    ],
  ])('a broken file is refused before it is loaded: %s', (_, spoil, message) => {
    const directory = library(join(root, 'mine'));
    vi.stubEnv('SSL_ENGINE_DIR', directory);
    spoil(join(directory, core[0]!));
    expect(() => find()).toThrow(message);
    expect(() => find()).toThrow(join(directory, core[0]!));
  });
});
