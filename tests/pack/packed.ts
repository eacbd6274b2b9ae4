/** Builds and packs every package as a release would, into a folder of its own. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Names of the folders in `packages`. */
export const PACKAGES: readonly string[] = readdirSync(join(ROOT, 'packages'));

/** Those of `PACKAGES` that are a method. */
export const METHODS: readonly string[] = PACKAGES.filter(name => {
  const manifest = readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { ssl?: { kind?: string } }).ssl?.kind === 'method';
});

const execute = promisify(execFile);

/** Runs a program; throws with all that it printed when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', FORCE_COLOR: undefined, NO_COLOR: '1' };
  try {
    return (await execute(command, [...args], { cwd, env, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${[command, ...args].join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

/** Runs a program of the repository's own development dependencies. */
export async function tool(name: string, args: readonly string[], cwd: string = ROOT): Promise<string> {
  return run(join(ROOT, 'node_modules', '.bin', name), args, cwd);
}

/** The pnpm that runs this test, or else one from npx. */
export async function pnpm(args: readonly string[], cwd: string): Promise<string> {
  const path = process.env.npm_execpath;
  return path?.includes('pnpm')
    ? run(process.execPath, [path, ...args], cwd)
    : run('npx', ['-y', 'pnpm@10', ...args], cwd);
}

export interface Packed {
  readonly tarball: string;
  /** The unpacked tarball. */
  readonly folder: string;
  /** The manifest as whoever installs it gets it. */
  readonly manifest: { readonly name: string; readonly version: string; readonly [key: string]: unknown };
}

/** @param into an empty folder; gets a tarball and an unpacked folder for every package */
export async function packAll(into: string): Promise<ReadonlyMap<string, Packed>> {
  await pnpm(['run', 'build', '--output-logs=errors-only'], ROOT); // turbo needs to find pnpm, which pnpm sees to
  const packed = await Promise.all(PACKAGES.map(async name => [name, await pack(name, into)] as const));
  return new Map(packed);
}

async function pack(name: string, into: string): Promise<Packed> {
  const target = join(into, name);
  await mkdir(target);
  await pnpm(['pack', '--pack-destination', target], join(ROOT, 'packages', name));
  const tarball = join(target, readdirSync(target)[0]!);
  await run('tar', ['xzf', tarball, '-C', target], target);
  const folder = join(target, 'package');
  return {
    tarball,
    folder,
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Packed['manifest'],
  };
}

/** Makes an empty project in `folder` and installs the tarballs there, as a user installs published packages. */
export async function installAll(folder: string, packed: readonly Packed[]): Promise<void> {
  await mkdir(folder);
  const dependencies = Object.fromEntries(packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]));
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module', dependencies }),
  );
  await pnpm(['install', '--ignore-workspace', '--no-frozen-lockfile', '--prefer-offline'], folder);
}
