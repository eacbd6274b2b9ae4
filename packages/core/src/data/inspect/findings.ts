/** What is wrong with the data, and what to do about it, each in one line. */
import type { CopyGroup, InspectionReport, PictureRef, SplitReport } from './report.ts';
import { number, some } from './words.ts';

export interface Finding {
  readonly what: string;
  readonly fix: string;
}

/** Things named in a line before "and more". */
const NAMED = 3;

type Name = (ref: PictureRef) => string;

/** The worst first. */
export function findings(report: InspectionReport): Finding[] {
  const name: Name = ref => (report.splits.length > 1 ? `${ref.split}: ${ref.name}` : ref.name);
  const finders = [broken, leaks, conflicts, copies, crowded, blank, strangeClasses, otherChannels];
  return finders.flatMap(find => find(report, name) ?? []);
}

type Finder = (report: InspectionReport, name: Name) => Finding | undefined;

const broken: Finder = ({ splits }) => {
  const all = splits.flatMap(split => split.broken.map(each => ({ split: split.name, ...each })));
  if (all.length === 0) return undefined;
  const text = ({ split, path, reason }: (typeof all)[number]): string =>
    `${splits.length > 1 ? `${split}: ` : ''}${path} (${reason})`;
  return {
    what: `${some(all.length, 'picture')} cannot be read: ${first(all, text)}`,
    fix: 'mend or remove them; until then training puts other pictures in their place and counts them',
  };
};

const leaks: Finder = ({ leaks: all }, name) => {
  if (all.length === 0) return undefined;
  const are = all.length === 1 ? 'is' : 'are';
  const pairs = first(all, leak => `${name(leak.picture)} = ${name(leak.of)}`);
  return {
    what: `${some(all.length, 'picture')} of a later part ${are} also in an earlier one (${kinds(all.map(({ copy }) => copy))}): ${pairs}`,
    fix: 'remove them from one of the two: results on the later part would be too good',
  };
};

const conflicts: Finder = ({ copies: groups }, name) => {
  const all = groups.filter(({ conflict }) => conflict);
  if (all.length === 0) return undefined;
  const text = ({ pictures }: CopyGroup): string => {
    const other = pictures.find(({ label }) => label !== undefined && label !== pictures[0]!.label);
    return [pictures[0]!, other ?? pictures[1]!].map(ref => `${name(ref)} (${ref.label ?? 'no label'})`).join(' = ');
  };
  return {
    what: `${some(all.length, 'group')} of copies with different labels: ${first(all, text)}`,
    fix: 'look at them (--out DIR draws copies.png), and correct the labels of those that show the same thing',
  };
};

const copies: Finder = ({ copies: groups }, name) => {
  const all = groups.flatMap(({ pictures }) => pictures.slice(1));
  if (all.length === 0) return undefined;
  const are = all.length === 1 ? 'is a copy' : 'are copies';
  const text = ({ pictures }: CopyGroup): string => {
    const rest = pictures.length > 2 ? ` and ${pictures.length - 2} more` : '';
    return `${name(pictures[0]!)} = ${name(pictures[1]!)}${rest}`;
  };
  return {
    what: `${some(all.length, 'picture')} ${are} of another (${kinds(all.flatMap(({ copy }) => copy ?? []))}), in ${some(groups.length, 'group')}: ${first(groups, text)}`,
    fix: 'keep one of each group: the others count more than once, and contrastive methods push copies apart',
  };
};

const crowded: Finder = ({ crowded: count }) => {
  if (count === 0) return undefined;
  return {
    what: `${some(count, 'picture')} ${count === 1 ? 'looks' : 'look'} like so many others that not all were compared`,
    fix: 'remove the copies found, then look again',
  };
};

const blank: Finder = ({ splits }, name) => {
  const all = splits.flatMap(split => split.blank);
  if (all.length === 0) return undefined;
  return {
    what: `${some(all.length, 'picture')} ${all.length === 1 ? 'is' : 'are'} blank, of one color throughout: ${first(all, name)}`,
    fix: 'remove them: there is nothing to learn from',
  };
};

const strangeClasses: Finder = ({ splits: [train, ...others] }) => {
  const known = train?.classes?.pictures;
  if (!known || isSample(train)) return undefined; // a sample may lack a class by chance
  const found = new Set(others.flatMap(({ classes }) => Object.keys(classes?.pictures ?? {})));
  const all = [...found].filter(label => !Object.hasOwn(known, label));
  if (all.length === 0) return undefined;
  const have = all.length === 1 ? 'has' : 'have';
  return {
    what: `${some(all.length, 'class', 'classes')} of a later part ${have} no picture in ${train.name}: ${first(all, label => label)}`,
    fix: 'see whether the names of the classes agree',
  };
};

const otherChannels: Finder = ({ splits, suggested: { channels } }) => {
  const [most] = Object.keys(splits[0]!.fileChannels);
  if (channels === splits[0]!.channels || most !== String(channels) || channels < 5) return undefined;
  return {
    what: `most files hold ${channels} channels and are read as ${splits[0]!.channels}`,
    fix: `open them with --channels ${channels}`,
  };
};

/** Whether not all of the part was looked at. */
export function isSample({ looked, pictures, broken }: SplitReport): boolean {
  return looked + broken.length < pictures;
}

function kinds(found: readonly string[]): string {
  const texts = { file: 'the same file', pixels: 'the same pixels', near: 'nearly the same' };
  return Object.entries(texts)
    .map(([kind, text]) => [found.filter(copy => copy === kind).length, text] as const)
    .filter(([count]) => count > 0)
    .map(([count, text]) => `${number(count)} ${text}`)
    .join(', ');
}

function first<T>(things: readonly T[], text: (thing: T) => string): string {
  const more = things.length > NAMED ? `, and ${number(things.length - NAMED)} more` : '';
  return `${things.slice(0, NAMED).map(text).join(', ')}${more}`;
}
