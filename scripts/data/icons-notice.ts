import { type IconSet, pinned } from './icons-sets.ts';

/** Who drew what, under which licence: the text of `NOTICE`, from what each package's `info.json` states. */
export function notice(sets: readonly IconSet[]): string {
  const byLicence = [...Map.groupBy(sets, set => set.info.license.spdx!)].sort(([, a], [, b]) => b.length - a.length);
  const parts = byLicence.map(
    ([spdx, group]) => `${spdx} (text: data/LICENSES/${spdx}.txt)\n\n${group.map(entry).join('\n')}`,
  );
  return `${HEAD}\n${parts.join('\n\n')}\n`;
}

const HEAD = `NOTICE of @ssl/datasets, written by scripts/data/icons.ts

The code is under the MIT licence. The pictures in data/icons-42 and data/icons-100 come from the icon sets below, as packaged
in npm packages @iconify-json/<set>. They were changed: rendered from SVG to 32 x 32 grey pixels on white and put together in
atlases. Authors and licences are those that the packages' info.json states. Names and marks of companies among the
pictures belong to their owners; a licence for a drawing is none for the mark. Those in data/emoji-3 have a NOTICE of their own there.
`;

function entry({ name, version, info }: IconSet): string {
  const { author, license } = info;
  return [
    `- ${info.name} (@iconify-json/${name} ${version})`,
    `  Copyright (c) ${author.name}${author.url ? `, ${author.url}` : ''}`,
    ...(license.url ? [`  ${license.title}: ${license.url}`] : []),
    ...(pinned.notes[name] ? [`  Note: ${pinned.notes[name]}`] : []),
  ].join('\n');
}
