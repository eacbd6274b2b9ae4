/**
 * Builds emoji-3 in packages/datasets from four pinned npm packages. It installs nothing itself:
 *
 *   node scripts/data/emoji.ts --print-install DIR    prints the `npm i --prefix DIR …` line that fetches the packages
 *   node scripts/data/emoji.ts DIR                    renders and writes data/emoji-3; under a minute
 *
 * The drawings are rendered by sharp, so another version of it may give other pixels: `git diff` shows whether the hashes moved.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DataError, type DecodedImage, decodeImage, encodePng } from '../../packages/core/src/data/index.ts';
import { openEmoji } from '../../packages/datasets/src/emoji.ts';
import type { EmojiManifest } from '../../packages/datasets/src/manifest.ts';
import { pixelBaseline } from './emoji-baseline.ts';
import { notice } from './emoji-notice.ts';
import { type EmojiPick, selectEmoji, testIds } from './emoji-select.ts';
import { installCommand, readEmoji, readSets } from './emoji-sets.ts';

/** Width and height of a picture, and pictures in one row of the atlas. */
const [SIDE, COLUMNS] = [32, 64];
const NAME = 'emoji-3';
const PACKAGE = join(import.meta.dirname, '../../packages/datasets');
const FOLDER = join(PACKAGE, 'data', NAME);

const [first, second] = process.argv.slice(2);
if (first === '--print-install' && second) console.log(installCommand(second));
else if (first && !first.startsWith('-')) await build(first);
else throw new DataError('emoji: usage is emoji.ts DIR or emoji.ts --print-install DIR');

async function build(dir: string): Promise<void> {
  const sets = readSets(dir);
  const rendered: { pick: EmojiPick; pixels: Uint8Array }[] = [];
  for (const pick of selectEmoji(readEmoji(dir), sets)) rendered.push({ pick, pixels: await render(pick) });
  const kept = withoutCopies(rendered);
  const manifest = await write(kept);
  // Measured on what was written, as whoever opens it finds it.
  const baseline = await pixelBaseline(async split => openEmoji(pathToFileURL(`${FOLDER}/`), split, 'group'));
  writeManifest({ ...manifest, baseline });
  writeFileSync(join(FOLDER, 'NOTICE'), notice(NAME, sets));
  console.log(`${NAME}: ${manifest.images} of ${rendered.length} drawings, ${manifest.ids} emoji`, baseline);
}

/** `[SIDE, SIDE, 3]`, on white. */
async function render({ set, icon }: EmojiPick): Promise<Uint8Array> {
  const { body, left = 0, top = 0, width = set.width ?? 16, height = set.height ?? 16 } = set.icons[icon]!;
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="#000" ' +
    `viewBox="${left} ${top} ${width} ${height}" width="${SIDE}" height="${SIDE}">${body}</svg>`;
  const image = await decodeImage(Buffer.from(svg), { channels: 3 });
  if (image.width !== SIDE || image.height !== SIDE || !(image.data instanceof Uint8Array)) {
    throw new DataError(
      `emoji: every picture must be ${SIDE} x ${SIDE}; got ${image.width} x ${image.height} for ${set.name}:${icon}`,
    );
  }
  return image.data;
}

/** Equal pixels once: the two Notos share some drawings, and some emoji look like others, which would leak from one split into the other. */
function withoutCopies<P extends { readonly pixels: Uint8Array }>(pictures: readonly P[]): P[] {
  const seen = new Set<string>();
  return pictures.filter(({ pixels }) => {
    const hash = sha256(pixels);
    return !seen.has(hash) && seen.add(hash);
  });
}

async function write(kept: readonly { pick: EmojiPick; pixels: Uint8Array }[]): Promise<EmojiManifest> {
  const picks = kept.map(({ pick }) => pick);
  const test = testIds(picks);
  const splitOf = ({ emoji }: EmojiPick): string => (test.has(emoji.id) ? 'test' : 'train');
  const atlas = await encodePng(tile(kept.map(({ pixels }) => pixels)));
  const rows = picks.map((pick, i) => {
    const { id, group, subgroup } = pick.emoji;
    return [i, group, subgroup, id, pick.set.name, pick.icon, splitOf(pick)].join(',');
  });
  const labels = Buffer.from(`index,group,subgroup,id,set,icon,split\n${rows.join('\n')}\n`);
  const { versions } = createRequire(join(PACKAGE, '../core/package.json'))('sharp');
  const manifest: EmojiManifest = {
    name: NAME,
    images: picks.length,
    train: picks.filter(pick => splitOf(pick) === 'train').length,
    test: picks.filter(pick => splitOf(pick) === 'test').length,
    groups: new Set(picks.map(({ emoji }) => emoji.group)).size,
    subgroups: new Set(picks.map(({ emoji }) => emoji.subgroup)).size,
    ids: new Set(picks.map(({ emoji }) => emoji.id)).size,
    side: SIDE,
    columns: COLUMNS,
    files: { 'atlas.png': sha256(atlas), 'labels.csv': sha256(labels) },
    renderedBy: `sharp ${versions.sharp}, libvips ${versions.vips}, librsvg ${versions.rsvg}`,
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'atlas.png'), atlas);
  writeFileSync(join(FOLDER, 'labels.csv'), labels);
  writeManifest(manifest);
  return manifest;
}

function writeManifest(manifest: EmojiManifest): void {
  writeFileSync(join(FOLDER, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Pictures side by side, row after row; the places left over are white. */
function tile(pictures: readonly Uint8Array[]): DecodedImage {
  const [width, height] = [COLUMNS * SIDE, Math.ceil(pictures.length / COLUMNS) * SIDE];
  const data = new Uint8Array(width * height * 3).fill(255);
  pictures.forEach((picture, i) => {
    const corner = (Math.floor(i / COLUMNS) * SIDE * width + (i % COLUMNS) * SIDE) * 3;
    for (let y = 0; y < SIDE; y++) {
      data.set(picture.subarray(y * SIDE * 3, (y + 1) * SIDE * 3), corner + y * width * 3);
    }
  });
  return { data, width, height, channels: 3 };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
