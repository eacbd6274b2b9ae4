/** Runs the user's own Python package client: it knows their index, proxy and certificates, which this package does not. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { WHEEL_PYTHON, type Wheel } from './wheels.ts';

export interface PythonClient {
  /** The words before `download`, as `['python3', '-m', 'pip']`. */
  readonly words: readonly string[];
  /** As `24.0`. */
  readonly version: string;
}

export interface WheelDownload {
  readonly wheel: Wheel;
  /** Also fetch what the wheel depends on. */
  readonly dependencies: boolean;
  /** Folder for the wheels. */
  readonly into: string;
  /** Folder for the client's own temporary files. */
  readonly temporary: string;
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far, and the sum of the sizes announced so far (0 before the first). */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
}

const CLIENTS = [['pip'], ['pip3'], ['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['uv', 'tool', 'run', 'pip']];

/** The first pip that takes `--platform` more than once (its release notes for 20.3). */
const OLDEST_PIP = [20, 3] as const;
const POLL_MS = 250;
const KEPT_CHARS = 8000;

/** The first client on the path that is new enough. Throws `EngineError` when there is none. */
export async function findPythonClient(signal?: AbortSignal): Promise<PythonClient> {
  const looked: string[] = [];
  for (const words of CLIENTS) {
    const { code, output } = await run([...words, '--version'], { signal });
    const version = /^pip (\d+)\.(\d+)[\d.]*/m.exec(output);
    if (code === 0 && version) {
      const [major, minor] = [Number(version[1]), Number(version[2])];
      if (major > OLDEST_PIP[0] || (major === OLDEST_PIP[0] && minor >= OLDEST_PIP[1])) {
        return { words, version: version[0].slice('pip '.length) };
      }
      looked.push(`${words.join(' ')}: ${version[0]} is older than ${OLDEST_PIP.join('.')}`);
    } else {
      looked.push(`${words.join(' ')}: ${code === undefined ? 'not found' : 'does not work'}`);
    }
  }
  throw new EngineError(
    `engine install: a Python package client is needed to fetch the library; none found\n${looked.map(line => `  - ${line}`).join('\n')}\n` +
      'install pip (Debian, Ubuntu: apt install python3-pip; macOS: brew install python) or uv, then try again;\n' +
      'or, on a machine that has one, unpack tensorflow/libtensorflow* from a tensorflow-cpu wheel, copy those files here and set SSL_ENGINE_DIR to their folder',
  );
}

/** The words of the command that fetches a wheel built for this machine, whatever Python the client runs on. */
export function downloadCommand(client: PythonClient, { wheel, dependencies, into }: WheelDownload): string[] {
  return [
    ...client.words,
    'download',
    ...(dependencies ? [] : ['--no-deps']),
    '--only-binary=:all:',
    ...wheel.tags.flatMap(tag => ['--platform', tag]),
    ...['--python-version', WHEEL_PYTHON, '--implementation', 'cp'],
    // The unpacked library is kept; a second copy in the client's cache would serve nobody.
    ...['--no-cache-dir', '--progress-bar', 'off', '-d', into],
    wheel.requirement,
  ];
}

/** Fetches wheels and returns their paths. The client checks each against the index's checksum. */
export async function downloadWheels(client: PythonClient, download: WheelDownload): Promise<string[]> {
  const { into, temporary, signal, onBytes } = download;
  const announced = new Map<string, number>();
  const poll = setInterval(() => {
    const total = [...announced.values()].reduce((sum, bytes) => sum + bytes, 0);
    // The announced sizes are rounded; only the end is the end.
    const done = wheelBytes([into, temporary]);
    onBytes?.(total > 0 ? Math.min(done, total - 1) : done, total);
  }, POLL_MS);
  try {
    const onText = (text: string): void => {
      for (const [, name, size, unit] of text.matchAll(/Downloading (\S+) \(([\d.]+) ([kMG]B)\)/g)) {
        announced.set(name!, Number(size) * { kB: 1e3, MB: 1e6, GB: 1e9 }[unit as 'kB' | 'MB' | 'GB']);
      }
    };
    const { code, output } = await run(downloadCommand(client, download), { signal, temporary, onText });
    if (code !== 0) throw downloadError(client, download.wheel, output);
  } finally {
    clearInterval(poll);
  }
  const files = readdirSync(into).filter(name => name.endsWith('.whl'));
  if (files.length === 0) throw downloadError(client, download.wheel, 'it reported success but left no wheel');
  const total = wheelBytes([into]);
  onBytes?.(total, total);
  return files.map(name => join(into, name));
}

function downloadError(client: PythonClient, wheel: Wheel, output: string): EngineError {
  const lines = output.split('\n').map(line => line.trim());
  const errors = lines.filter(line => /^(ERROR|error)\b/.test(line));
  const said = (errors.length > 0 ? errors : lines.filter(Boolean)).slice(-4).join('\n  ');
  const fix = /No space left on device|ENOSPC/.test(output)
    ? 'free some space, or set XDG_CACHE_HOME to a folder on a larger disk'
    : 'check the network and the settings of the client, then try again';
  return new EngineError(
    `engine install: '${client.words.join(' ')}' must be able to fetch ${wheel.requirement}; it said\n  ${said || 'nothing'}\n${fix}`,
  );
}

/** Bytes of the wheels in `folders`, each name counted once: the client moves them from its temporary folder. */
function wheelBytes(folders: readonly string[]): number {
  const sizes = new Map<string, number>();
  for (const folder of folders) {
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!path.endsWith('.whl')) continue;
      const size = statSync(join(folder, path), { throwIfNoEntry: false })?.size ?? 0;
      const name = path.split(/[\\/]/).at(-1)!;
      sizes.set(name, Math.max(size, sizes.get(name) ?? 0));
    }
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly temporary?: string;
  readonly onText?: (text: string) => void;
}

/** Exit code (`undefined` when the command does not exist) and the end of what it printed. */
function run(
  words: readonly string[],
  { signal, temporary, onText }: RunOptions,
): Promise<{ code?: number; output: string }> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const [command, ...args] = words;
    const folders = temporary ? { TMPDIR: temporary, TMP: temporary, TEMP: temporary } : {};
    // Settings that are meant for installing into an environment and would stop a plain download.
    const settings = { PIP_REQUIRE_VIRTUALENV: '0', PIP_NO_INPUT: '1', PIP_DISABLE_PIP_VERSION_CHECK: '1' };
    const child = spawn(command!, args, {
      env: { ...process.env, ...settings, ...folders, LC_ALL: 'C', PYTHONUNBUFFERED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that stopping it also stops what a wrapper script started.
      detached: process.platform !== 'win32',
    });
    const stop = (): void => stopGroup(child);
    signal?.addEventListener('abort', stop, { once: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-KEPT_CHARS);
        onText?.(text);
      });
    }
    child.on('error', () => resolve({ output: '' }));
    child.on('close', code => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code: code ?? 1, output });
    });
  });
}

function stopGroup(child: ChildProcess): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill();
    else process.kill(-child.pid, 'SIGTERM');
  } catch {
    // It has ended by itself.
  }
}
