/**
 * Builds icons-42 and icons-100 in packages/datasets from 48 pinned npm packages. It installs nothing itself:
 *
 *   node scripts/data/icons.ts --print-install DIR    prints the `npm i --prefix DIR …` line that fetches the packages
 *   node scripts/data/icons.ts DIR                    renders, writes data/ and NOTICE; under a minute
 *
 * The drawings are rendered by sharp, so another version of it may give other pixels: `git diff` shows whether the hashes moved.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DataError, type DecodedImage, decodeImage, encodePng } from '../../packages/core/src/data/index.ts';
import type { IconManifest } from '../../packages/datasets/src/manifest.ts';
import { notice } from './icons-notice.ts';
import { type Pick, selectIcons, smallPart } from './icons-select.ts';
import { type IconSet, installCommand, pinned, readSets } from './icons-sets.ts';

/** Width and height of a picture, and pictures in one row of an atlas. */
const [SIDE, COLUMNS] = [32, 128];
const SMALL_CLASSES = 100;
const PACKAGE = join(import.meta.dirname, '../../packages/datasets');

const [first, second] = process.argv.slice(2);
if (first === '--print-install' && second) console.log(installCommand(second));
else if (first && !first.startsWith('-')) await build(first);
else throw new DataError('icons: usage is icons.ts DIR or icons.ts --print-install DIR');

async function build(dir: string): Promise<void> {
  const { drawn, countedOnly } = readSets(dir);
  const picks = selectIcons(drawn, countedOnly);
  const pictures = new Map<Pick, Uint8Array>();
  for (const pick of picks) pictures.set(pick, await render(pick.set, pick.icon));
  await write('icons-42', picks, pictures);
  await write('icons-100', smallPart(picks, SMALL_CLASSES), pictures);
  writeFileSync(join(PACKAGE, 'NOTICE'), notice(drawn));
}

/** `[SIDE, SIDE]`, black on white. */
async function render(set: IconSet, icon: string): Promise<Uint8Array> {
  const { body, left = 0, top = 0, width = set.width ?? 16, height = set.height ?? 16 } = set.icons[icon]!;
  // 16 is Iconify's size for drawings that state none. `color` gives `currentColor` a value.
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="#000" ' +
    `viewBox="${left} ${top} ${width} ${height}" width="${SIDE}" height="${SIDE}">${body}</svg>`;
  const image = await decodeImage(Buffer.from(svg), { channels: 1 });
  if (image.width !== SIDE || image.height !== SIDE) {
    throw new DataError(
      `icons: every picture must be ${SIDE} x ${SIDE}; got ${image.width} x ${image.height} for ${set.name}:${icon}`,
    );
  }
  return Uint8Array.from(image.data);
}

async function write(name: string, picks: readonly Pick[], pictures: ReadonlyMap<Pick, Uint8Array>): Promise<void> {
  const atlas = await encodePng(tile(picks.map(pick => pictures.get(pick)!)));
  const rows = picks.map((pick, i) => [i, pick.class, pick.set.name, pick.icon, splitOf(pick)].join(','));
  const labels = Buffer.from(`index,class,set,icon,split\n${rows.join('\n')}\n`);
  const { versions } = createRequire(join(PACKAGE, '../core/package.json'))('sharp');
  const manifest: IconManifest = {
    name,
    images: picks.length,
    train: picks.filter(pick => splitOf(pick) === 'train').length,
    test: picks.filter(pick => splitOf(pick) === 'test').length,
    classes: new Set(picks.map(pick => pick.class)).size,
    side: SIDE,
    columns: COLUMNS,
    testSets: pinned.test,
    files: { 'atlas.png': sha256(atlas), 'labels.csv': sha256(labels) },
    renderedBy: `sharp ${versions.sharp}, libvips ${versions.vips}, librsvg ${versions.rsvg}`,
  };
  const folder = join(PACKAGE, 'data', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'atlas.png'), atlas);
  writeFileSync(join(folder, 'labels.csv'), labels);
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`${name}: ${manifest.images} images, ${manifest.classes} classes, atlas ${atlas.length} bytes`);
}

/** Pictures side by side, row after row; the places left over are white. */
function tile(pictures: readonly Uint8Array[]): DecodedImage {
  const [width, height] = [COLUMNS * SIDE, Math.ceil(pictures.length / COLUMNS) * SIDE];
  const data = new Uint8Array(width * height).fill(255);
  pictures.forEach((picture, i) => {
    const corner = Math.floor(i / COLUMNS) * SIDE * width + (i % COLUMNS) * SIDE;
    for (let y = 0; y < SIDE; y++) data.set(picture.subarray(y * SIDE, (y + 1) * SIDE), corner + y * width);
  });
  return { data, width, height, channels: 1 };
}

function splitOf(pick: Pick): 'train' | 'test' {
  return pinned.test.includes(pick.set.name) ? 'test' : 'train';
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
