/** What the checks look at: the files that git tracks or would, and the packages' manifests. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: unknown;
  readonly files?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly publishConfig?: {
    readonly access?: string;
    readonly exports?: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
    readonly bin?: Readonly<Record<string, string>>;
  };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly ssl?: { readonly kind?: string; readonly title?: string; readonly paper?: string };
}

export interface Package {
  /** `packages/simclr` */
  readonly folder: string;
  /** `simclr` */
  readonly short: string;
  readonly manifest: Manifest;
}

export interface Repository {
  readonly root: string;
  /** Relative to the root, sorted. */
  readonly files: readonly string[];
  readonly packages: readonly Package[];
  read(file: string): string;
}

export function openRepository(root: string): Repository {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const files = [...new Set(listed.split('\0'))].filter(file => file !== '' && existsSync(join(root, file))).sort();
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const packages = files.flatMap(file => {
    const [, short] = /^packages\/([^/]+)\/package\.json$/.exec(file) ?? [];
    return short ? [{ folder: `packages/${short}`, short, manifest: JSON.parse(read(file)) as Manifest }] : [];
  });
  return { root, files, packages, read };
}
