/** `manifest.json` in an installed engine's folder: which wheel it came from, and what its files must look like. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MANIFEST = 'manifest.json';

export interface ManifestFile {
  /** Relative to the manifest's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly version: string;
  readonly flavour: 'cpu' | 'cuda';
  /** The folder of the library relative to the manifest's, `.` for its own. */
  readonly libraries: string;
  readonly wheel: {
    readonly file: string;
    readonly sha256: string;
    /** `pinned`: equal to the checksum in this package; `index`: only the package index vouched for it. */
    readonly checked: 'pinned' | 'index';
  };
  /** ISO 8601. */
  readonly installedAt: string;
  readonly files: readonly ManifestFile[];
}

/** The manifest in `directory`, or `undefined` when there is none or it cannot be read. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, MANIFEST), 'utf8')) as Manifest;
    return typeof manifest.version === 'string' && Array.isArray(manifest.files) ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the manifest into `directory`, aside and then renamed, so that a reader sees a whole one. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const target = join(directory, MANIFEST);
  const aside = `${target}.${process.pid}`;
  const descriptor = openSync(aside, 'w');
  try {
    writeFileSync(descriptor, `${JSON.stringify(manifest, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(aside, target);
}

/** The first file that is missing or has another size than the manifest says. */
export function sizeFault(directory: string, manifest: Manifest): { file: string; fault: string } | undefined {
  for (const { path, bytes } of manifest.files) {
    const file = join(directory, path);
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined) return { file, fault: 'it is missing' };
    if (size !== bytes) return { file, fault: `it has ${size} bytes where ${bytes} were installed` };
  }
  return undefined;
}
