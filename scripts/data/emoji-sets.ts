import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../../packages/core/src/data/index.ts';
import type { IconSet } from './icons-sets.ts';

/**
 * npm packages `@iconify-json/<set>` with exact versions. Other sets of emoji are left out for their licences: twemoji, emojione and
 * streamline-emojis are under CC BY, openmoji and emojione-v1 under CC BY-SA. fxemoji's `info.json` says Apache-2.0, but that is for its code:
 * the drawings are under CC BY 4.0 (LICENSE.md of github.com/mozilla/fxemoji).
 */
const SETS = { 'fluent-emoji-flat': '1.2.6', noto: '1.2.9', 'noto-v1': '1.2.5' } as const;
/** Groups, subgroups and names of Unicode's emoji list. Only its facts are used. */
const UNICODE = { package: 'emojibase-data', version: '17.0.0' } as const;

const PERMISSIVE = ['MIT', 'Apache-2.0'];

/** A set with its list of characters: code points to names of icons, empty in some packages. */
export interface EmojiSet extends IconSet {
  readonly chars: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, { readonly parent: string; readonly [change: string]: unknown }>>;
}

/** One emoji of Unicode's list. */
export interface Emoji {
  /** Code points in hexadecimal, joined by `-`, without the variation selector. */
  readonly id: string;
  readonly label: string;
  readonly group: string;
  readonly subgroup: string;
}

/** The command that fetches every pinned package into `dir`. */
export function installCommand(dir: string): string {
  const sets = Object.entries(SETS).map(([name, version]) => `@iconify-json/${name}@${version}`);
  return `npm i --prefix ${dir} --ignore-scripts ${[...sets, `${UNICODE.package}@${UNICODE.version}`].join(' ')}`;
}

/**
 * Reads the pinned packages below `dir`.
 * @throws DataError when one is missing, has another version, or is under a licence that is not permissive.
 */
export function readSets(dir: string): EmojiSet[] {
  return Object.entries(SETS).map(([name, version]) => {
    const folder = packageFolder(dir, `@iconify-json/${name}`, version);
    const { icons, aliases = {}, width, height } = readJson<EmojiSet>(join(folder, 'icons.json'));
    const info = readJson<IconSet['info']>(join(folder, 'info.json'));
    if (!PERMISSIVE.includes(info.license.spdx ?? '')) {
      throw new DataError(
        `emoji: a set must be under one of ${PERMISSIVE.join(', ')}; got ${info.license.spdx} for ${name}`,
      );
    }
    const chars = readJson<EmojiSet['chars']>(join(folder, 'chars.json'));
    return { name, version, icons, aliases, chars, info, ...(width && { width }), ...(height && { height }) };
  });
}

/** Unicode's emoji without flags, parts of others (`component`) and sequences, whose pictures are nearly those of their parts. */
export function readEmoji(dir: string): Emoji[] {
  const folder = packageFolder(dir, UNICODE.package, UNICODE.version);
  const { groups, subgroups } = readJson<Record<'groups' | 'subgroups', Record<string, string>>>(
    join(folder, 'meta/groups.json'),
  );
  const all = readJson<{ hexcode: string; label: string; group?: number; subgroup?: number }[]>(
    join(folder, 'en/data.json'),
  );
  return all.flatMap(({ hexcode, label, group, subgroup }) => {
    if (group === undefined || subgroup === undefined || hexcode.includes('200D')) return [];
    if (['component', 'flags'].includes(groups[group]!)) return [];
    return [{ id: plainId(hexcode), label, group: groups[group]!, subgroup: subgroups[subgroup]! }];
  });
}

/** Lower case, without the variation selector, which some lists write and others do not. */
export function plainId(hexcode: string): string {
  return hexcode
    .toLowerCase()
    .split('-')
    .filter(code => code !== 'fe0f')
    .join('-');
}

function packageFolder(dir: string, name: string, version: string): string {
  const folder = join(dir, 'node_modules', name);
  const found = readJson<{ version: string }>(join(folder, 'package.json')).version;
  if (found !== version) {
    throw new DataError(`emoji: ${name} must be version ${version}; got ${found}; install it with --print-install`);
  }
  return folder;
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new DataError(
      `emoji: ${file} must be readable JSON; got ${String(error)}; install the packages with --print-install`,
    );
  }
}
