import { createHash } from 'node:crypto';
import { type Emoji, type EmojiSet, plainId } from './emoji-sets.ts';
import { byCodeUnit } from './icons-select.ts';

/** One drawing of an emoji. */
export interface EmojiPick {
  readonly emoji: Emoji;
  readonly set: EmojiSet;
  readonly icon: string;
}

/** Of the emoji, not of the pictures. */
const TEST_SHARE = 0.2;

/** At most one drawing an emoji and set, ordered by emoji and set. */
export function selectEmoji(emoji: readonly Emoji[], sets: readonly EmojiSet[]): EmojiPick[] {
  const names = namesOf(emoji, sets);
  const drawings = new Map(sets.map(set => [set, drawingsOf(set, names)]));
  const ordered = [...emoji].sort((a, b) => byCodeUnit(a.id, b.id));
  return ordered.flatMap(each =>
    sets.flatMap(set => {
      const icon = drawings.get(set)!.get(each.id);
      return icon === undefined ? [] : [{ emoji: each, set, icon }];
    }),
  );
}

/** The emoji of the test part: those whose hashes are lowest, so that a longer list moves few of them. */
export function testIds(picks: readonly EmojiPick[]): Set<string> {
  const hash = (id: string): string => createHash('sha256').update(`emoji ${id}`).digest('hex');
  const ids = [...new Set(picks.map(({ emoji }) => emoji.id))].sort((a, b) => byCodeUnit(hash(a), hash(b)));
  return new Set(ids.slice(0, Math.round(TEST_SHARE * ids.length)));
}

/** What the emoji are called: Unicode's names, and those of the sets that list code points. */
function namesOf(emoji: readonly Emoji[], sets: readonly EmojiSet[]): Map<string, string> {
  const known = new Set(emoji.map(({ id }) => id));
  const names = new Map(emoji.map(({ label, id }) => [plainName(label), id]));
  for (const { chars } of sets) {
    for (const [hexcode, name] of Object.entries(chars)) {
      const id = plainId(hexcode);
      if (known.has(id) && !names.has(plainName(name))) names.set(plainName(name), id);
    }
  }
  return names;
}

/** Icon by emoji. A set without a list of code points is matched by name. */
function drawingsOf(set: EmojiSet, names: ReadonlyMap<string, string>): Map<string, string> {
  const listed = Object.entries(set.chars).map(([hexcode, name]) => [plainId(hexcode), name] as const);
  const named = [...Object.keys(set.icons), ...Object.keys(set.aliases)].flatMap(name => {
    const id = names.get(plainName(name));
    return id === undefined ? [] : [[id, name] as const];
  });
  const drawings = new Map<string, string>();
  for (const [id, name] of listed.length > 0 ? listed : named) {
    const icon = drawn(set, name);
    if (icon !== undefined && !drawings.has(id)) drawings.set(id, icon);
  }
  return drawings;
}

/** The icon behind a name; none for hidden ones and for aliases that turn or mirror it. */
function drawn({ icons, aliases }: EmojiSet, name: string): string | undefined {
  const alias = aliases[name];
  if (alias && Object.keys(alias).some(key => ['rotate', 'hFlip', 'vFlip', 'hidden'].includes(key))) return undefined;
  const icon = alias ? alias.parent : name;
  return icons[icon] && !icons[icon].hidden ? icon : undefined;
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll('&', 'and')
    .replaceAll(/[^a-z0-9]/g, '');
}
