import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakePip, fakePip, temporaryFolder, WHEEL_NAME, wheelMembers, writeWheel } from './install/fake-wheel.ts';
import { readManifest } from './install/manifest.ts';
import { type InstallProgress, installEngine } from './install.ts';
import { engineCacheDirectory, findLibrary } from './library.ts';

let root: string;
let target: string;

beforeEach(() => {
  root = temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
  vi.stubEnv('SSL_ENGINE_DIR', '');
  target = engineCacheDirectory();
  return () => vi.unstubAllEnvs();
});

/** Puts a pip on the path that hands out `wheel` after running `before`. */
function usePip(before = '', wheel: string = writeWheel(root)): FakePip {
  const pip = fakePip(root, `${before}\ncp '${wheel}' "$into"`);
  vi.stubEnv('PATH', pip.path);
  return pip;
}

const downloads = (pip: FakePip): string[] =>
  existsSync(pip.log) ? readFileSync(pip.log, 'utf8').trim().split('\n') : [];
const leftovers = (): string[] => readdirSync(join(target, '..')).filter(name => name !== basename(target));

/** Installs in another process; `pip` is already on the path. */
function installElsewhere(): ChildProcess {
  const module = fileURLToPath(new URL('./install.ts', import.meta.url));
  const code = `const { installEngine } = await import(${JSON.stringify(module)}); const { already } = await installEngine(); console.log(already)`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: process.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

// The fakes are ELF files and shell scripts.
describe.skipIf(process.platform !== 'linux')('installEngine', () => {
  test('keeps the shared libraries and their notices, and nothing else', async () => {
    const pip = usePip();
    const { directory, library, manifest, already } = await installEngine();
    expect({ directory, already }).toEqual({ directory: target, already: false });
    expect(readdirSync(target).sort()).toEqual([
      'THIRD_PARTY_NOTICES.txt',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
      'manifest.json',
    ]);
    expect(readFileSync(library.core).equals(wheelMembers()['tensorflow/libtensorflow_cc.so.2']!)).toBe(true);
    expect(manifest).toMatchObject({
      version: '2.20.0',
      flavour: 'cpu',
      wheel: { file: WHEEL_NAME, checked: 'index' },
    });
    expect(findLibrary(root)).toEqual(library);
    expect(leftovers()).toEqual([]);
    expect(downloads(pip)).toEqual([
      expect.stringMatching(
        /^download --no-deps --only-binary=:all: --platform manylinux_2_17_\w+ .*--python-version 3\.11 --implementation cp .*-d \S+ tensorflow(-cpu)?==2\.20\.0$/,
      ),
    ]);
  });

  test('a second time fetches nothing; force fetches again; so does a damaged file', async () => {
    const pip = usePip();
    await installEngine();
    expect((await installEngine()).already).toBe(true);
    expect(downloads(pip)).toHaveLength(1);
    expect((await installEngine({ force: true })).already).toBe(false);
    truncateSync(join(target, 'libtensorflow_cc.so.2'), 100);
    expect((await installEngine()).already).toBe(false);
    expect(downloads(pip)).toHaveLength(3);
    expect(leftovers()).toEqual([]);
  });

  test('asking for an engine again makes it the preferred one', async () => {
    usePip();
    const first = await installEngine({ version: '2.20.0' });
    await sleep(5);
    const second = await installEngine({ version: '2.21.0' });
    expect(findLibrary(root)).toEqual(second.library);
    await installEngine({ version: '2.20.0' });
    expect(findLibrary(root)).toEqual(first.library);
  });

  test('reports bytes for each phase, rising to the total', async () => {
    const size = readFileSync(writeWheel(root)).length;
    usePip(`echo "Downloading ${WHEEL_NAME} (1.5 MB)"\nhead -c 5000 /dev/zero > "$TMPDIR/${WHEEL_NAME}"\nsleep 0.7`);
    const events: InstallProgress[] = [];
    await installEngine({ onProgress: event => events.push(event) });
    expect(events).toContainEqual({ phase: 'download', done: 5000, total: 1.5e6 });
    expect(events.findLast(({ phase }) => phase === 'download')).toEqual({
      phase: 'download',
      done: size,
      total: size,
    });
    expect(events.findLast(({ phase }) => phase === 'verify')).toEqual({ phase: 'verify', done: size, total: size });
    const unpacked = (7 << 20) + 'notices\n'.length;
    expect(events.at(-1)).toEqual({ phase: 'unpack', done: unpacked, total: unpacked });
  });

  test('a wheel with another checksum than the pinned one is refused and nothing is left', async () => {
    const name = 'tensorflow_cpu-2.20.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl';
    usePip('', writeWheel(root, name));
    await expect(installEngine()).rejects.toThrow(/must have the SHA-256 cf756bbe\w+; got \w{64}/);
    expect(readdirSync(join(target, '..'))).toEqual([]);
  });

  test('a wheel without the library is refused', async () => {
    usePip('', writeWheel(root, WHEEL_NAME, { 'tensorflow/__init__.py': Buffer.from('') }));
    await expect(installEngine()).rejects.toThrow(/must hold tensorflow\/libtensorflow_cc/);
    expect(readdirSync(join(target, '..'))).toEqual([]);
  });

  test('what the client says is passed on; a full disk is told apart', async () => {
    usePip('echo "ERROR: No matching distribution found for tensorflow-cpu" >&2; exit 1');
    await expect(installEngine()).rejects.toThrow(
      /'pip' must be able to fetch .*\n {2}ERROR: No matching distribution.*\ncheck the network/s,
    );
    usePip('echo "ERROR: Could not install: [Errno 28] No space left on device" >&2; exit 1');
    await expect(installEngine()).rejects.toThrow(/No space left on device\nfree some space, or set XDG_CACHE_HOME/);
    expect(readdirSync(join(target, '..'))).toEqual([]);
  });

  test('no client, or too old a one: the error says what to install and the manual way', async () => {
    vi.stubEnv('PATH', join(root, 'nowhere'));
    await expect(installEngine()).rejects.toThrow(
      /pip: not found.*python3 -m pip: not found.*uv tool run pip.*python3-pip.*SSL_ENGINE_DIR/s,
    );
    const { bin } = fakePip(root, 'exit 1', '20.0.2');
    vi.stubEnv('PATH', bin);
    writeFileSync(join(bin, 'sh'), ''); // so that only /bin/sh by its full name works
    await expect(installEngine()).rejects.toThrow(/pip: pip 20\.0\.2 is older than 20\.3/);
  });

  test('a place that cannot be a folder is named', async () => {
    usePip();
    writeFileSync(join(root, 'file'), '');
    await expect(installEngine({ directory: join(root, 'file', 'x', 'y') })).rejects.toThrow(
      /engine install: .*file.x must take the library; got ENOTDIR: it is not a folder; .*XDG_CACHE_HOME/,
    );
  });

  test('two processes at once: one fetches, the other waits for it', async () => {
    const pip = usePip('sleep 1');
    const said = await Promise.all(
      [installElsewhere(), installElsewhere()].map(async child => (await child.stdout!.toArray()).join('').trim()),
    );
    expect(said.sort()).toEqual(['false', 'true']);
    expect(downloads(pip)).toHaveLength(1);
    expect(leftovers()).toEqual([]);
  });

  test('killed in the middle: nothing is there, and the next run clears up and installs', async () => {
    const pip = usePip(`if [ ! -e '${root}/again' ]; then sleep 20; fi`);
    const child = installElsewhere();
    const gone = new Promise(resolve => child.on('close', resolve));
    while (downloads(pip).length === 0) await sleep(50);
    child.kill('SIGKILL');
    await gone;
    expect(existsSync(target)).toBe(false);
    expect(leftovers()).toHaveLength(2); // the lock and the folder of the work
    writeFileSync(join(root, 'again'), '');
    expect((await installEngine()).already).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test('aborted: the client is stopped and nothing is left', async () => {
    const pip = usePip('sleep 20');
    const controller = new AbortController();
    const done = installEngine({ signal: controller.signal });
    while (downloads(pip).length === 0) await sleep(50);
    const started = performance.now();
    controller.abort();
    await expect(done).rejects.toThrow(/abort/);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(readdirSync(join(target, '..'))).toEqual([]);
  });

  test('with CUDA, dependencies come along and the layout is that of a Python environment', async () => {
    const nvidia = writeWheel(root, 'nvidia_cuda_nvcc_cu12-12.5-py3-none-test.whl', {
      'nvidia/cuda_nvcc/bin/ptxas': Buffer.from('ptxas'),
      'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc': Buffer.from('device'),
      'nvidia/cuda_nvcc/include/a.h': Buffer.from('h'),
      'nvidia/cuda_nvcc/__init__.py': Buffer.from(''),
      'nvidia_cuda_nvcc_cu12-12.5.dist-info/License.txt': Buffer.from('licence'),
    });
    const pip = usePip(`cp '${nvidia}' "$into"`, writeWheel(root, 'tensorflow-2.20.0-cp311-cp311-test.whl'));
    if (process.arch !== 'x64') return;
    const { directory, library } = await installEngine({ cuda: true });
    expect(directory).toBe(engineCacheDirectory({ cuda: true }));
    expect(library.core).toBe(join(directory, 'tensorflow', 'libtensorflow_cc.so.2'));
    expect(readdirSync(join(directory, 'nvidia/cuda_nvcc')).sort()).toEqual(['bin', 'nvvm']);
    expect(readManifest(directory)).toMatchObject({ flavour: 'cuda', libraries: 'tensorflow' });
    expect(downloads(pip)[0]).toMatch(
      /^download --only-binary=:all: .*--platform manylinux2014_x86_64 .*tensorflow\[and-cuda\]==2\.20\.0$/,
    );
    expect(findLibrary(root)).toEqual(library);
  });
});
