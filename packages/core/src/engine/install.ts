/** `ssl engine install`: fetches TensorFlow's wheel with the user's package client and keeps its shared libraries. */
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EngineError, SSLError } from '../errors.ts';
import { takeLock } from '../file-lock.ts';
import { currentOwner } from '../process-owner.ts';
import { type Manifest, readManifest, writeManifest } from './install/manifest.ts';
import { libcFamily } from './install/platform.ts';
import { downloadWheels, findPythonClient } from './install/python-client.ts';
import { makeScratch, moveIntoPlace, removeAbandoned } from './install/scratch.ts';
import { unpackWheels } from './install/unpack.ts';
import { ENGINE_VERSION, INSTALL_BYTES, wheelFor } from './install/wheels.ts';
import { type EngineLibrary, engineCacheDirectory, installedEngines, installedLibrary } from './library.ts';

export interface InstallProgress {
  /** `wait`: another process is installing the same engine. */
  readonly phase: 'wait' | 'download' | 'verify' | 'unpack';
  /** Bytes. */
  readonly done: number;
  /** Bytes; 0 while unknown. */
  readonly total: number;
}

export interface InstallOptions {
  /** The library with CUDA and NVIDIA's libraries beside it; several GB. */
  readonly cuda?: boolean;
  /** Version of TensorFlow, as `2.20.0`. */
  readonly version?: string;
  /** Replace an engine that is already there. */
  readonly force?: boolean;
  /** Instead of `engineCacheDirectory()`; an engine elsewhere is found through `SSL_ENGINE_DIR` only. */
  readonly directory?: string;
  readonly onProgress?: (event: InstallProgress) => void;
  readonly signal?: AbortSignal;
}

export interface EngineInstallation {
  readonly directory: string;
  readonly library: EngineLibrary;
  readonly manifest: Manifest;
  /** True when a whole one was there and nothing was fetched. */
  readonly already: boolean;
}

/**
 * Installs the native library. May be interrupted at any moment and run several times at once: what is incomplete is never visible.
 * Throws `EngineError` when there is no package client, no wheel for this machine, no space, or a wrong checksum.
 */
export async function installEngine(options: InstallOptions = {}): Promise<EngineInstallation> {
  const { cuda = false, version = ENGINE_VERSION, force = false } = options;
  const { directory = engineCacheDirectory({ version, cuda }) } = options;
  wheelFor(version, cuda); // refuses a machine without wheels before anything is written
  if (libcFamily() === 'musl') {
    throw new EngineError(
      'engine install: TensorFlow is built for glibc; this system has another C library (Alpine Linux has musl); use an image based on Debian, Ubuntu or Fedora',
    );
  }
  try {
    mkdirSync(dirname(directory), { recursive: true });
    return (
      (force ? undefined : present(directory)) ?? (await installLocked(directory, { ...options, cuda, version, force }))
    );
  } catch (error) {
    throw explained(error, directory);
  }
}

type Settled = InstallOptions & Required<Pick<InstallOptions, 'cuda' | 'version' | 'force'>>;

async function installLocked(directory: string, options: Settled): Promise<EngineInstallation> {
  const { cuda, version, force, signal, onProgress } = options;
  const lock = await takeLock(`${directory}.lock`, {
    signal,
    onWait: () => onProgress?.({ phase: 'wait', done: 0, total: 0 }),
  });
  try {
    const found = force ? undefined : present(directory);
    if (found) return found;
    removeAbandoned(directory);
    requireSpace(dirname(directory), INSTALL_BYTES[cuda ? 'cuda' : 'cpu']);
    const scratch = makeScratch(directory, currentOwner());
    try {
      const wheels = await fetchWheels(scratch.path, options);
      const report = (phase: 'verify' | 'unpack') => (done: number, total: number) =>
        onProgress?.({ phase, done, total });
      const engine = join(scratch.path, 'engine');
      await unpackWheels(wheels, engine, {
        version,
        flavour: cuda ? 'cuda' : 'cpu',
        signal,
        onVerified: report('verify'),
        onUnpacked: report('unpack'),
      });
      moveIntoPlace(engine, directory, scratch.path);
    } finally {
      scratch.remove();
    }
    return { ...present(directory)!, already: false };
  } finally {
    lock.release();
  }
}

async function fetchWheels(scratch: string, { cuda, version, signal, onProgress }: Settled): Promise<string[]> {
  const [into, temporary] = ['wheels', 'temporary'].map(name => join(scratch, name)) as [string, string];
  mkdirSync(into);
  mkdirSync(temporary);
  onProgress?.({ phase: 'download', done: 0, total: 0 });
  const wheels = await downloadWheels(await findPythonClient(signal), {
    wheel: wheelFor(version, cuda),
    dependencies: cuda,
    into,
    temporary,
    signal,
    onBytes: (done, total) => onProgress?.({ phase: 'download', done, total }),
  });
  rmSync(temporary, { recursive: true, force: true });
  return wheels;
}

/** The engine in `directory` when it is whole, made the preferred one of its flavour. */
function present(directory: string): EngineInstallation | undefined {
  const manifest = readManifest(directory);
  if (!manifest) return undefined;
  try {
    const library = installedLibrary({ directory, manifest });
    prefer(directory, manifest);
    return { directory, library, manifest, already: true };
  } catch {
    return undefined; // broken: installed anew
  }
}

/** The engine installed last is the one that is found first, so asking for one again brings it back to the front. */
function prefer(directory: string, manifest: Manifest): void {
  const rival = installedEngines().find(engine => engine.manifest.flavour === manifest.flavour);
  if (!rival || rival.directory === directory || dirname(rival.directory) !== dirname(directory)) return;
  try {
    writeManifest(directory, { ...manifest, installedAt: new Date().toISOString() });
  } catch {
    // A cache that this user may only read: the order stays as it is, and the engine is usable all the same.
  }
}

function requireSpace(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= bytes) return;
  const gigabytes = (value: number): string => `${(value / 1e9).toFixed(1)} GB`;
  throw new EngineError(
    `engine install: ${gigabytes(bytes)} must be free in ${directory}; got ${gigabytes(bavail * bsize)}; free some space, or set XDG_CACHE_HOME to a folder on a larger disk`,
  );
}

/** Turns the file system's error codes into something to act on; other errors pass unchanged. */
function explained(error: unknown, directory: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (SSLError.isInstance(error) || typeof code !== 'string') return error;
  const reason = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the quota is used up',
    EACCES: 'it is not writable',
    EPERM: 'it is not writable',
    EROFS: 'it is read-only',
    ENOTDIR: 'it is not a folder',
    EEXIST: 'it is not a folder',
  }[code];
  if (reason === undefined) return error;
  return new EngineError(
    `engine install: ${dirname(directory)} must take the library; got ${code}: ${reason}; free some space there, or set XDG_CACHE_HOME to another folder`,
    { cause: error },
  );
}
