import type { EmojiSet } from './emoji-sets.ts';

/** Who drew what, under which licence: the text of `data/<name>/NOTICE`, from what each package's `info.json` states. */
export function notice(name: string, sets: readonly EmojiSet[]): string {
  const entries = sets.map(({ name: set, version, info: { name: title, author, license } }) =>
    [
      `- ${title} (@iconify-json/${set} ${version})`,
      `  Copyright (c) ${author.name}${author.url ? `, ${author.url}` : ''}`,
      `  ${license.spdx} (text: ../LICENSES/${license.spdx}.txt)${license.url ? `: ${license.url}` : ''}`,
    ].join('\n'),
  );
  return `NOTICE of ${name}, written by scripts/data/emoji.ts

The pictures come from the sets of emoji below, as packaged in npm packages @iconify-json/<set>. They were changed: rendered from
SVG to 32 x 32 colour pixels on white and put together in one atlas. Authors and licences are those that the packages' info.json
states. Flags are left out. Groups and subgroups are those of Unicode's list of emoji.

${entries.join('\n')}
`;
}
