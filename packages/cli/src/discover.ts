/** Finds the installed packages whose `package.json` says `"ssl": { "kind": "method" }`, or `"dataset"`. None is known by name. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MethodPackage } from '@ssl/core';
import { ConfigError, didYouMean } from '@ssl/core/setup';

export interface InstalledPackage {
  /** The package's name without its scope; of a method what `--method` takes. */
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  readonly packageName: string;
  /** With links resolved. */
  readonly directory: string;
}

/** The part of a `package.json` that is read here. */
interface Manifest {
  readonly name?: string;
  readonly ssl?: { readonly kind?: string; readonly title?: string };
  readonly main?: string;
  readonly exports?: unknown;
  readonly [dependencies: string]: unknown;
}

const DEPENDENCIES = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/**
 * The packages of a kind that a program in `from`, or this command itself (installed globally, or run without being installed), can import:
 * everything under the scope `@ssl`, and every dependency of the `package.json` files from there upwards.
 */
export function discover(kind: 'method' | 'dataset', from: string = process.cwd()): InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  for (const start of [from, dirname(fileURLToPath(import.meta.url))]) {
    for (const directory of upwards(start)) {
      for (const candidate of candidatesAt(directory)) {
        const installed = packageIn(candidate, kind);
        if (installed && !found.has(installed.packageName)) found.set(installed.packageName, installed);
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function* upwards(start: string): Generator<string> {
  for (let directory = start; ; directory = dirname(directory)) {
    yield directory;
    if (directory === dirname(directory)) return;
  }
}

/** Folders that may hold such a package. */
function candidatesAt(directory: string): string[] {
  const scope = join(directory, 'node_modules', '@ssl');
  const scoped = existsSync(scope) ? readdirSync(scope).map(name => join(scope, name)) : [];
  const manifest = readManifest(directory);
  const names = DEPENDENCIES.flatMap(key => Object.keys((manifest?.[key] as object | undefined) ?? {}));
  const dependencies = names.flatMap(name => {
    const places = [...upwards(directory)].map(place => join(place, 'node_modules', name));
    return places.find(place => existsSync(place)) ?? [];
  });
  return [...scoped, ...dependencies];
}

function packageIn(directory: string, kind: string): InstalledPackage | undefined {
  const manifest = readManifest(directory);
  if (manifest?.ssl?.kind !== kind || manifest.name === undefined) return undefined;
  const name = manifest.name.split('/').at(-1)!;
  // Node runs TypeScript sources outside node_modules only, and a workspace's packages are links to such.
  return { name, title: manifest.ssl.title ?? name, packageName: manifest.name, directory: realpathSync(directory) };
}

function readManifest(directory: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/** Imports the method called `name`. Throws `ConfigError` when it is not installed, listing those that are, or does not keep the contract. */
export async function loadMethod(name: string, from: string = process.cwd()): Promise<MethodPackage> {
  const methods = discover('method', from);
  const method = methods.find(each => each.name === name || each.packageName === name);
  if (!method) throw notInstalled(name, methods);
  const loaded = (await importPackage(method)).method as MethodPackage | undefined;
  if (loaded?.spec !== 1) {
    throw new ConfigError(
      `${method.packageName}: a method package must export 'method' with spec 1; got ${loaded ? `spec ${loaded.spec}` : 'none'}; ` +
        'update the package or this command',
    );
  }
  return loaded;
}

/** What `import` of an installed package gives; nothing where it has no entry. */
export async function importPackage({ directory }: InstalledPackage): Promise<Readonly<Record<string, unknown>>> {
  const entry = entryOf(directory);
  return entry === undefined ? {} : ((await import(pathToFileURL(entry).href)) as Record<string, unknown>);
}

function notInstalled(name: string, methods: readonly InstalledPackage[]): ConfigError {
  const names = methods.map(method => method.name);
  // A name that looks mistyped is not offered for installing: it could be anyone's package.
  const fix = didYouMean(name, names) || `to install it: npm install @ssl/${name.replace(/^@ssl\//, '')}`;
  return new ConfigError(
    `ssl: --method must be an installed method (${names.join(', ') || 'there is none'}); got '${name}'; ${fix}`,
  );
}

/** The file that `import` of the package would load. */
function entryOf(directory: string): string | undefined {
  const manifest = readManifest(directory);
  const exported = manifest?.exports as { '.'?: unknown } | string | undefined;
  const target =
    conditional(typeof exported === 'object' && '.' in exported ? exported['.'] : exported) ?? manifest?.main;
  return target && join(directory, target);
}

/** The first target for the conditions that Node sets for `import`, in the order of the package. */
function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (['node', 'import', 'module-sync', 'default'].includes(condition)) return conditional(value);
  }
  return undefined;
}
