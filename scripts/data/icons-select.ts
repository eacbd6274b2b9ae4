import type { IconSet } from './icons-sets.ts';

/** One icon that belongs to a class. */
export interface Pick {
  readonly class: string;
  readonly set: IconSet;
  readonly icon: string;
}

/** A class is what at least this many sets have drawn. */
const MIN_SETS = 12;
/** Pictures of one class from one set (its outline, filled, … variants). */
const MAX_VARIANTS = 4;
/** Shorter names (`ad`, `x`, `4k`) mean too many things. */
const MIN_NAME = 3;
/** Words that name a style and not a thing, at the end of a name. */
const STYLE_SUFFIXES = new Set(
  (
    'outline outlined outlines fill filled solid line linear bold broken duotone light thin regular rounded round sharp ' +
    'twotone two tone baseline alt o s l 12 16 20 24 28 32 48'
  ).split(' '),
);
const STYLE_PREFIXES = new Set(['outline', 'baseline', 'round', 'sharp', 'twotone']);

/** `arrow-left-outline-rounded` and `outline-arrow-left` are both `arrow-left`. */
export function className(icon: string): string {
  const words = icon.split('-');
  while (words.length > 1 && STYLE_SUFFIXES.has(words.at(-1)!)) words.pop();
  if (words.length > 1 && STYLE_PREFIXES.has(words[0]!)) words.shift();
  return words.join('-');
}

/**
 * Names found in at least {@link MIN_SETS} of all sets, drawn by `drawn`: up to {@link MAX_VARIANTS} icons a class and set, shortest names
 * first, equal drawings once. Ordered by class, set and variant; nothing depends on the order of the files.
 */
export function selectIcons(drawn: readonly IconSet[], countedOnly: readonly IconSet[]): Pick[] {
  const byClass = new Map<string, Map<IconSet, string[]>>();
  for (const set of [...drawn, ...countedOnly]) {
    for (const [icon, { hidden }] of Object.entries(set.icons)) {
      const name = className(icon);
      if (hidden || name.length < MIN_NAME) continue;
      const sets = byClass.get(name) ?? new Map<IconSet, string[]>();
      sets.set(set, [...(sets.get(set) ?? []), icon]);
      byClass.set(name, sets);
    }
  }
  const classes = [...byClass].filter(([, sets]) => sets.size >= MIN_SETS).sort(([a], [b]) => byCodeUnit(a, b));
  const bySetName = [...drawn].sort((a, b) => byCodeUnit(a.name, b.name));
  return classes.flatMap(([name, sets]) =>
    bySetName.flatMap(set => variants(set, sets.get(set) ?? []).map(icon => ({ class: name, set, icon }))),
  );
}

/**
 * The small part: the `count` classes with the most pictures (then the most designers, then by name), one picture a class and set.
 */
export function smallPart(picks: readonly Pick[], count: number): Pick[] {
  const pictures = Map.groupBy(picks, pick => pick.class);
  const designers = (name: string): number => new Set(pictures.get(name)!.map(pick => pick.set)).size;
  const most = [...pictures.keys()].sort(
    (a, b) => pictures.get(b)!.length - pictures.get(a)!.length || designers(b) - designers(a) || byCodeUnit(a, b),
  );
  const kept = new Set(most.slice(0, count));
  return picks.filter(
    (pick, i) => kept.has(pick.class) && (picks[i - 1]?.class !== pick.class || picks[i - 1]?.set !== pick.set),
  );
}

function variants(set: IconSet, icons: readonly string[]): string[] {
  const ordered = [...icons].sort((a, b) => a.length - b.length || byCodeUnit(a, b));
  const distinct = new Map<string, string>();
  for (const icon of ordered) {
    const { body } = set.icons[icon]!;
    if (!distinct.has(body)) distinct.set(body, icon);
  }
  return [...distinct.values()].slice(0, MAX_VARIANTS);
}

export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
