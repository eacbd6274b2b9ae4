/**
 * Fonts cannot be measured before they are drawn, so widths are reckoned a little from above, in em, for the widest common
 * sans-serif (DejaVu Sans): narrow letters, capitals and wide letters, full-width scripts, and everything else.
 */
const WIDTHS = { narrow: 0.4, usual: 0.62, wide: 0.85, full: 1 } as const;
const NARROW = /[ iIjlftr.,:;'|!()[\]{}/\\-]/;
const WIDE = /[A-Zmw@%&…]/;
const FULL =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Estimated width of one line, in pixels. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const character of text) ems += widthOf(character);
  return ems * fontSize;
}

function widthOf(character: string): number {
  if (NARROW.test(character)) return WIDTHS.narrow;
  if (WIDE.test(character)) return WIDTHS.wide;
  return FULL.test(character) ? WIDTHS.full : WIDTHS.usual;
}

/** The text, or as much of its start as fits into `room` pixels, with an ellipsis. */
export function fitText(text: string, fontSize: number, room: number): string {
  if (textWidth(text, fontSize) <= room) return text;
  const characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, fontSize) > room) characters.pop();
  return `${characters.join('').trimEnd()}…`;
}

/** Text for an element or an attribute; characters that XML cannot hold (controls, halves of pairs) are replaced. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, character => `&#${character.codePointAt(0)};`);
}
