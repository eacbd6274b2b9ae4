/** Checks wheels and takes out of them what the engine needs. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError } from '../../errors.ts';
import { fileHash } from '../../file-hash.ts';
import { type Manifest, type ManifestFile, writeManifest } from './manifest.ts';
import { libraryNames } from './platform.ts';
import { extract, openZip, type ZipArchive, type ZipMember } from './unzip.ts';
import { WHEEL_SHA256 } from './wheels.ts';

export interface UnpackOptions {
  readonly version: string;
  readonly flavour: Manifest['flavour'];
  readonly signal?: AbortSignal | undefined;
  readonly onVerified?: (done: number, total: number) => void;
  readonly onUnpacked?: (done: number, total: number) => void;
}

type Chosen = readonly (readonly [ZipMember, string])[];

/** Fills `directory` from `wheels`, deleting each wheel when it is done, and writes the manifest last. */
export async function unpackWheels(
  wheels: readonly string[],
  directory: string,
  options: UnpackOptions,
): Promise<void> {
  const hashes = await verifyWheels(wheels, options);
  const { version, flavour } = options;
  mkdirSync(directory, { recursive: true });
  const archives = await Promise.all(wheels.map(openZip));
  const files = await unpackArchives(archives, directory, options).finally(() =>
    Promise.all(archives.map(archive => archive.close())),
  );
  const libraries = flavour === 'cuda' ? 'tensorflow' : '.';
  const file = basename(main(wheels));
  const core = libraryNames().core[0]!;
  if (!files.some(({ path }) => path === join(libraries, core))) {
    throw new EngineError(`engine install: ${file} must hold tensorflow/${core}; it does not; use another version`);
  }
  const checked = file in WHEEL_SHA256 ? 'pinned' : 'index';
  const wheel = { file, sha256: hashes.get(file)!, checked } as const;
  writeManifest(directory, { version, flavour, libraries, wheel, installedAt: new Date().toISOString(), files });
}

/** The wheel of TensorFlow itself among those it depends on. */
function main(wheels: readonly string[]): string {
  return wheels.find(file => /^tensorflow(_cpu)?-\d/.test(basename(file))) ?? wheels[0]!;
}

async function verifyWheels(
  wheels: readonly string[],
  { signal, onVerified }: UnpackOptions,
): Promise<Map<string, string>> {
  const total = wheels.reduce((sum, file) => sum + statSync(file).size, 0);
  const hashes = new Map<string, string>();
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    onVerified?.(done, total);
  };
  for (const file of wheels) {
    const sha256 = await fileHash(file, 'sha256', { signal, onBytes });
    const pinned = WHEEL_SHA256[basename(file)];
    if (pinned !== undefined && pinned !== sha256) {
      throw new EngineError(
        `engine install: ${basename(file)} must have the SHA-256 ${pinned}; got ${sha256}; try again, and ask who runs your package index if it stays so`,
      );
    }
    hashes.set(basename(file), sha256);
  }
  return hashes;
}

async function unpackArchives(
  archives: readonly ZipArchive[],
  directory: string,
  { flavour, signal, onUnpacked }: UnpackOptions,
): Promise<ManifestFile[]> {
  const chosen = archives.map(archive => ({ archive, members: choose(archive, flavour) }));
  const total = chosen.flatMap(({ members }) => members).reduce((sum, [{ bytes }]) => sum + bytes, 0);
  const files: ManifestFile[] = [];
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    onUnpacked?.(done, total);
  };
  for (const { archive, members } of chosen) {
    for (const [member, path] of members) {
      const sha256 = await extract(archive, member, join(directory, path), { signal, onBytes });
      files.push({ path, bytes: member.bytes, sha256 });
    }
    rmSync(archive.path);
  }
  return files;
}

/**
 * The members to keep and where they go. With CUDA the layout stays that of a Python environment, because the library looks
 * for NVIDIA's in `../nvidia`; `ptxas` and `libdevice`, which XLA needs, lie there too. Headers and static libraries are left out.
 */
function choose({ members }: ZipArchive, flavour: Manifest['flavour']): Chosen {
  const own = members.filter(({ name }) =>
    /^tensorflow\/(libtensorflow[^/]*\.(so(\.\d+)*|dylib)|THIRD_PARTY_NOTICES\.txt)$/.test(name),
  );
  if (flavour === 'cpu') return own.map(member => [member, basename(member.name)] as const);
  const nvidia = members.filter(
    ({ name }) =>
      /^nvidia[/_]/.test(name) &&
      !/\/(include|__pycache__)\/|\/$|\.(a|py|h|hpp)$/.test(name) &&
      !name.split('/').includes('..'),
  );
  return [...own, ...nvidia].map(member => [member, member.name] as const);
}
