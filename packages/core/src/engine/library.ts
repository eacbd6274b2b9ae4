/** Finds the native library. Looks at the file system only: nothing is loaded here. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError } from '../errors.ts';
import { binaryFault } from './install/binary-file.ts';
import { type Manifest, readManifest, sizeFault } from './install/manifest.ts';
import { engineCacheRoot, libraryNames } from './install/platform.ts';
import { ENGINE_VERSION } from './install/wheels.ts';

export interface EngineLibrary {
  readonly directory: string;
  /** The file that exports the C API. */
  readonly core: string;
  /** The file that must be loaded before `core`, where the two are separate. */
  readonly framework?: string;
  readonly origin: 'environment' | 'tfjs-node' | 'cache';
}

/** An engine that `installEngine` put into the cache. */
export interface InstalledEngine {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** The command that mends a missing library. */
export const INSTALL_COMMAND = 'npx @ssl/cli engine install';

/** The folder that `ssl engine install` fills: `<cache>/ssl/engine/<version>-<cpu|cuda>`. */
export function engineCacheDirectory({
  version = ENGINE_VERSION,
  cuda = false,
}: {
  version?: string;
  cuda?: boolean;
} = {}): string {
  return join(engineCacheRoot(), `${version}-${cuda ? 'cuda' : 'cpu'}`);
}

/**
 * The library to load: the folder in `SSL_ENGINE_DIR`, else the one a stock tfjs-node unpacked, else an installed one.
 * @param from where packages are looked up.
 * Throws `EngineError` when there is none, or when the first one found is broken: a broken one is never passed over silently.
 */
export function findLibrary(from: string = process.cwd()): EngineLibrary {
  const looked: string[] = [];
  const found = fromEnvironment(looked) ?? fromStock(from, looked) ?? fromCache(looked);
  if (found) return found;
  throw new EngineError(
    `engine: a native TensorFlow library is needed; none found in\n${looked.map(line => `  - ${line}`).join('\n')}\n` +
      `install it: ${INSTALL_COMMAND}   (or set SSL_ENGINE_DIR to a folder that holds ${libraryNames().core[0]})`,
  );
}

function fromEnvironment(looked: string[]): EngineLibrary | undefined {
  const directory = process.env.SSL_ENGINE_DIR;
  if (!directory) {
    looked.push('SSL_ENGINE_DIR: not set');
    return undefined;
  }
  // Also when the folder of a Python environment is given, or of an unpacked C distribution.
  for (const place of [directory, join(directory, 'tensorflow'), join(directory, 'lib')]) {
    const library = libraryIn(resolve(place), 'environment');
    if (library) return checked(library, 'set SSL_ENGINE_DIR to a whole one, or unset it');
  }
  const { core, framework } = libraryNames();
  throw new EngineError(
    `SSL_ENGINE_DIR: must be a folder with ${core.join(' or ')}${framework ? ` and ${framework}` : ''}; got '${directory}', ` +
      `which ${existsSync(directory) ? 'lacks them' : 'does not exist'}; mend it, or unset it and run ${INSTALL_COMMAND}`,
  );
}

function fromStock(from: string, looked: string[]): EngineLibrary | undefined {
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    const places = packageDirectories(name, from).map(directory => join(directory, 'deps', 'lib'));
    for (const place of places) {
      const library = libraryIn(place, 'tfjs-node');
      if (library) return checked(library, `run its install script again, or remove it and run ${INSTALL_COMMAND}`);
    }
    looked.push(`${name}: ${places.length > 0 ? `no library in ${places.join(' or ')}` : 'not installed'}`);
  }
  return undefined;
}

/** Where a package is seen from the caller's folder and from this file. */
function packageDirectories(name: string, from: string): string[] {
  const directories = new Set<string>();
  for (const base of [pathToFileURL(join(from, 'package.json')), import.meta.url]) {
    try {
      directories.add(dirname(createRequire(base).resolve(`${name}/package.json`)));
    } catch {
      // Not visible from this place; the other may see it.
    }
  }
  return [...directories];
}

function fromCache(looked: string[]): EngineLibrary | undefined {
  const [engine] = installedEngines();
  if (!engine) {
    looked.push(`${engineCacheRoot()}: no installed engine`);
    return undefined;
  }
  return installedLibrary(engine);
}

/** The engines in the cache in order of preference: those with CUDA first, then the one installed last. */
export function installedEngines(): InstalledEngine[] {
  const root = engineCacheRoot();
  const engines = (existsSync(root) ? readdirSync(root) : []).flatMap(name => {
    const directory = join(root, name);
    const manifest = /-(cpu|cuda)$/.test(name) ? readManifest(directory) : undefined;
    return manifest ? [{ directory, manifest }] : [];
  });
  const rank = ({ manifest }: InstalledEngine): string =>
    `${manifest.flavour === 'cuda' ? 1 : 0} ${manifest.installedAt}`;
  return engines.sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
}

/** The library of an installed engine. Throws `EngineError` when a file of it is missing, cut off or not a library. */
export function installedLibrary({ directory, manifest }: InstalledEngine): EngineLibrary {
  const fix = mendingCommand(manifest);
  const broken = sizeFault(directory, manifest);
  if (broken) throw brokenLibrary(broken.file, broken.fault, fix);
  const library = libraryIn(join(directory, manifest.libraries), 'cache');
  if (!library) throw brokenLibrary(directory, `it holds no ${libraryNames().core[0]}`, fix);
  return checked(library, fix);
}

/** The command that replaces an installed engine. */
export function mendingCommand({ version, flavour }: Pick<Manifest, 'version' | 'flavour'>): string {
  const options = `${flavour === 'cuda' ? ' --cuda' : ''}${version === ENGINE_VERSION ? '' : ` --version ${version}`}`;
  return `${INSTALL_COMMAND} --force${options}`;
}

function libraryIn(directory: string, origin: EngineLibrary['origin']): EngineLibrary | undefined {
  const names = libraryNames();
  const core = names.core.map(name => join(directory, name)).find(file => existsSync(file));
  if (core === undefined) return undefined;
  const framework = names.framework && join(directory, names.framework);
  return framework && existsSync(framework) ? { directory, core, framework, origin } : { directory, core, origin };
}

function checked(library: EngineLibrary, fix: string): EngineLibrary {
  const { framework } = libraryNames();
  if (framework && !library.framework) throw brokenLibrary(join(library.directory, framework), 'it is missing', fix);
  for (const file of [library.core, library.framework]) {
    const fault = file && binaryFault(file);
    if (fault) throw brokenLibrary(file, fault, fix);
  }
  return library;
}

function brokenLibrary(file: string, fault: string, fix: string): EngineError {
  return new EngineError(`engine: the native library must be whole; got ${file}: ${fault}; ${fix}`);
}

/** The manifest that describes `library`, where `ssl engine install` put it there, and the folder it lies in. */
export function libraryManifest(library: EngineLibrary): InstalledEngine | undefined {
  for (const directory of [library.directory, dirname(library.directory)]) {
    const manifest = statSync(directory, { throwIfNoEntry: false }) && readManifest(directory);
    if (manifest && resolve(directory, manifest.libraries) === library.directory) return { directory, manifest };
  }
  return undefined;
}
