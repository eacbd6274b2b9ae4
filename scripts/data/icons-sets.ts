import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../packages/core/src/data/index.ts';

/** `icons-sets.json`: npm packages `@iconify-json/<set>` with exact versions, since they are rebuilt every few days. */
export interface PinnedSets {
  /** Sets whose pictures are taken. */
  readonly drawn: Readonly<Record<string, string>>;
  /** CC BY sets: their names help to decide what enough designers have drawn; none of their pictures is taken. */
  readonly countedOnly: Readonly<Record<string, string>>;
  /** Sets of the test split. Families that share drawings (feather and lucide; ic, mdi and material-symbols) are on the other side. */
  readonly test: readonly string[];
  /** Where the version is a matter of rights: why that one. Goes into `NOTICE`. */
  readonly notes: Readonly<Record<string, string>>;
}

interface Drawing {
  readonly body: string;
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
  readonly hidden?: boolean;
}

/** An `icons.json` with what its `info.json` says about rights. */
export interface IconSet {
  readonly name: string;
  readonly version: string;
  readonly icons: Readonly<Record<string, Drawing>>;
  /** Size of the drawings that state none. */
  readonly width?: number;
  readonly height?: number;
  readonly info: {
    readonly name: string;
    readonly author: { readonly name: string; readonly url?: string };
    readonly license: { readonly title: string; readonly spdx?: string; readonly url?: string };
  };
}

/** Licences that allow the pictures to be passed on with nothing but a notice. */
const PERMISSIVE = ['MIT', 'Apache-2.0', 'ISC', 'CC0-1.0', 'Unlicense'];

export const pinned: PinnedSets = readJson(join(import.meta.dirname, 'icons-sets.json'));

/** The command that fetches every pinned package into `dir`. */
export function installCommand(dir: string): string {
  const all = Object.entries({ ...pinned.drawn, ...pinned.countedOnly });
  return `npm i --prefix ${dir} --ignore-scripts ${all.map(([name, version]) => `@iconify-json/${name}@${version}`).join(' ')}`;
}

/**
 * Reads the pinned packages below `dir`.
 * @throws DataError when one is missing, has another version, or is to be drawn under a licence that is not permissive.
 */
export function readSets(dir: string): { drawn: IconSet[]; countedOnly: IconSet[] } {
  const read = (versions: Readonly<Record<string, string>>): IconSet[] =>
    Object.entries(versions).map(([name, version]) => readSet(dir, name, version));
  const drawn = read(pinned.drawn);
  for (const { name, info } of drawn) {
    if (!PERMISSIVE.includes(info.license.spdx ?? '')) {
      throw new DataError(
        `icons: a drawn set must be under one of ${PERMISSIVE.join(', ')}; got ${info.license.spdx} for ${name}`,
      );
    }
  }
  return { drawn, countedOnly: read(pinned.countedOnly) };
}

function readSet(dir: string, name: string, version: string): IconSet {
  const folder = join(dir, 'node_modules', '@iconify-json', name);
  const found = readJson<{ version: string }>(join(folder, 'package.json')).version;
  if (found !== version) {
    throw new DataError(
      `icons: @iconify-json/${name} must be version ${version}; got ${found}; install it with --print-install`,
    );
  }
  const { icons, width, height } = readJson<IconSet>(join(folder, 'icons.json'));
  const info = readJson<IconSet['info']>(join(folder, 'info.json'));
  return { name, version, icons, info, ...(width && { width }), ...(height && { height }) };
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new DataError(
      `icons: ${file} must be readable JSON; got ${String(error)}; install the packages with --print-install`,
    );
  }
}
