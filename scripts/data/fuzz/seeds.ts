/** Small sound pictures of every format and layout that the decoder reads, to be damaged. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Sharp } from '../../../packages/core/node_modules/sharp/dist/index.mjs';

export interface Seed {
  readonly name: string;
  readonly extension: string;
  readonly bytes: Uint8Array;
}

const CORE = new URL('../../../packages/core/', import.meta.url);
// sharp belongs to core, and a script lies outside of it.
const sharp = createRequire(new URL('package.json', CORE))(
  'sharp',
) as typeof import('../../../packages/core/node_modules/sharp/dist/index.mjs').default;

const [WIDTH, HEIGHT] = [20, 14];
const ORIENTATIONS = 8;

/** A gradient with noise, so that compressed data are more than a few bytes. */
function base(channels: 1 | 2 | 3 | 4, [width, height]: readonly [number, number] = [WIDTH, HEIGHT]): Sharp {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7 + ((i * i) % 23)) % 256);
  const picture = sharp(data, { raw: { width, height, channels } });
  return channels < 3 ? picture.toColourspace('b-w') : picture;
}

function deep(channels: 1 | 3 | 4): Sharp {
  const words = Uint16Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => (i * 1237) % 65_536);
  const raw = { width: WIDTH, height: HEIGHT, channels };
  return sharp(words, { raw }).toColourspace(channels === 1 ? 'grey16' : 'rgb16');
}

/** Three frames in a row, for GIF and WebP. */
async function animated(): Promise<Sharp> {
  const frames = await Promise.all(
    [1, 2, 3].map(i =>
      base(3)
        .linear(1 / i)
        .png()
        .toBuffer(),
    ),
  );
  return sharp(frames, { join: { animated: true } });
}

/** A file of NumPy with these words in its header. */
export function npy(descr: string, shape: string, values: Uint8Array, order = 'False'): Uint8Array {
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117).concat('\n');
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8]);
  return Buffer.concat([start, Buffer.from(header), values]);
}

function numbers(count: number): Uint8Array {
  return new Uint8Array(Float32Array.from({ length: count }, (_, i) => i / count).buffer);
}

/** Pictures with odd sizes: one pixel, and as long as the format allows. */
async function oddSizes(): Promise<Seed[]> {
  const seeds: [string, string, Promise<Buffer>][] = [
    ['one-pixel', 'png', base(3, [1, 1]).png().toBuffer()],
    ['one-pixel', 'jpg', base(3, [1, 1]).jpeg().toBuffer()],
    ['one-pixel', 'webp', base(3, [1, 1]).webp().toBuffer()],
    ['one-pixel', 'gif', base(3, [1, 1]).gif().toBuffer()],
    ['one-pixel', 'tiff', base(3, [1, 1]).tiff().toBuffer()],
    ['one-pixel', 'avif', base(3, [1, 1]).avif({ effort: 0 }).toBuffer()],
    ['long', 'jpg', base(3, [65_500, 1]).jpeg().toBuffer()],
    ['tall', 'jpg', base(3, [1, 65_500]).jpeg().toBuffer()],
    ['long', 'png', base(1, [65_500, 1]).png().toBuffer()],
    ['tall', 'tif', base(1, [1, 65_500]).tiff({ compression: 'lzw' }).toBuffer()],
    ['long', 'webp', base(3, [16_383, 1]).webp({ effort: 0 }).toBuffer()],
  ];
  return Promise.all(seeds.map(async ([name, extension, bytes]) => ({ name, extension, bytes: await bytes })));
}

/** TIFF and `.npy` files of many bands, from the fixture of the decoder's own test. */
function manyBands(): Seed[] {
  const fixture = new URL('src/data/__fixtures__/decode.json', CORE);
  const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: { name: string; file: string }[] };
  return cases
    .filter((_, i) => i % 3 === 0)
    .map(({ name, file }) => ({
      name: name.replaceAll(/\W+/g, '-'),
      extension: name.startsWith('npy') ? 'npy' : 'tif',
      bytes: Buffer.from(file, 'base64'),
    }));
}

/** Every sound picture. The same bytes on each call, as long as sharp stays the same. */
export async function soundPictures(): Promise<Seed[]> {
  const moving = await animated();
  const orientations = Array.from({ length: ORIENTATIONS }, (_, i) => i + 1).map(
    orientation => [`exif-${orientation}`, 'jpg', base(3).withMetadata({ orientation }).jpeg()] as const,
  );
  const made: (readonly [name: string, extension: string, picture: Sharp])[] = [
    ['plain', 'jpg', base(3).jpeg()],
    ['progressive', 'jpeg', base(3).jpeg({ progressive: true })],
    ['full-chroma', 'jpg', base(3).jpeg({ chromaSubsampling: '4:4:4' })],
    ['grey', 'jpg', base(1).jpeg()],
    ['cmyk', 'jpg', base(3).toColourspace('cmyk').jpeg()],
    ['profile', 'jpg', base(3).withIccProfile('p3').jpeg()],
    ...orientations,
    ['plain', 'png', base(3).png()],
    ['alpha', 'png', base(4).png()],
    ['grey', 'png', base(1).png()],
    ['grey-alpha', 'png', base(2).png()],
    ['palette', 'png', base(3).png({ palette: true, colours: 16 })],
    ['interlaced', 'png', base(3).png({ progressive: true })],
    ['deep', 'png', deep(3).png()],
    ['deep-grey', 'png', deep(1).png()],
    ['deep-alpha', 'png', deep(4).png()],
    ['deep-profile', 'png', deep(3).withIccProfile('srgb').png()],
    ['lossy', 'webp', base(3).webp()],
    ['lossless', 'webp', base(4).webp({ lossless: true })],
    ['animated', 'webp', moving.clone().webp()],
    ['plain', 'gif', base(3).gif()],
    ['animated', 'gif', moving.clone().gif()],
    ['plain', 'tif', base(3).tiff({ compression: 'none' })],
    ['lzw', 'tiff', base(4).tiff({ compression: 'lzw', predictor: 'horizontal' })],
    ['deflate', 'tif', base(1).tiff({ compression: 'deflate' })],
    ['jpeg', 'tif', base(3).tiff({ compression: 'jpeg' })],
    ['tiled', 'tif', base(3).tiff({ tile: true, tileWidth: 16, tileHeight: 16, pyramid: true })],
    ['one-bit', 'tif', base(1).tiff({ bitdepth: 1, compression: 'ccittfax4' })],
    ['cmyk', 'tif', base(3).toColourspace('cmyk').tiff()],
    ['deep', 'tif', deep(3).tiff()],
    ['plain', 'avif', base(3).avif({ effort: 0 })],
    ['alpha', 'avif', base(4).avif({ effort: 0, lossless: true })],
  ];
  const encoded = await Promise.all(
    made.map(async ([name, extension, picture]) => ({ name, extension, bytes: await picture.toBuffer() })),
  );
  const arrays: Seed[] = [
    {
      name: 'bytes',
      extension: 'npy',
      bytes: npy('|u1', `(${HEIGHT}, ${WIDTH}, 3)`, new Uint8Array(WIDTH * HEIGHT * 3)),
    },
    { name: 'floats', extension: 'npy', bytes: npy('<f4', `(${HEIGHT}, ${WIDTH}, 3)`, numbers(WIDTH * HEIGHT * 3)) },
  ];
  return [...encoded, ...arrays, ...manyBands(), ...(await oddSizes())];
}
