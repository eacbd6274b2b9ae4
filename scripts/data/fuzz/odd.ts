/** Files that are no pictures, or claim impossible ones. */
import { crc32, deflateSync } from 'node:zlib';
import { npy, type Seed } from './seeds.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const text = (content: string): Uint8Array => Buffer.from(content);

/** A PNG of one grey bit a pixel, all black: a few kilobytes, however large. */
function blackPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = Math.min(height, 40_000); // fewer than claimed where it claims the impossible
  const data = deflateSync(Buffer.alloc((1 + Math.ceil(Math.min(width, 40_000) / 8)) * rows), { level: 9 });
  return Buffer.concat([
    bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([text(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A TIFF whose directory says so, with no pixels behind it. */
function tiff(tags: Readonly<Record<number, number>>): Uint8Array {
  const entries = Object.entries(tags);
  const out = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  out.write('II*\0', 'latin1');
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(entries.length, 8);
  for (const [i, [tag, value]] of entries.entries()) {
    const at = 10 + 12 * i;
    out.writeUInt16LE(Number(tag), at);
    out.writeUInt16LE(4, at + 2); // LONG
    out.writeUInt32LE(1, at + 4);
    out.writeUInt32LE(value, at + 8);
  }
  return out;
}

const FAR = 0xffff_fff0;
const EXTENSIONS = ['jpg', 'png', 'webp', 'gif', 'tif', 'avif', 'npy'];

type Odd = readonly (readonly [name: string, content: Uint8Array])[];

/** What failed downloads, pointers of version control and people leave behind. */
const NO_PICTURES: Odd = [
  ['empty', bytes()],
  ['one-byte', bytes(0xff)],
  ['zeros', new Uint8Array(4096)],
  ['ones', new Uint8Array(4096).fill(0xff)],
  ['text', text('this is no picture\n'.repeat(20))],
  ['html', text('<!doctype html><html><body>404 Not Found</body></html>')],
  ['json', text('{"error":"quota exceeded"}')],
  ['pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n')],
  ['zip', text('PK\u0003\u0004')],
  ['pdf', text('%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n')],
];

/** Sizes, counts and references that cannot be, or that would fill the memory. */
const CLAIMS: Odd = [
  ['svg-huge', text('<svg xmlns="http://www.w3.org/2000/svg" width="9999999" height="9999999"/>')],
  [
    'svg-entities',
    text(
      '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&b;</text></svg>',
    ),
  ],
  [
    'svg-loop',
    text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g id="a"><use href="#a"/></g></svg>'),
  ],
  ['bomb', blackPng(30_000, 30_000)],
  ['large', blackPng(3000, 2000)],
  ['png-claims-most', blackPng(0x7fff_ffff, 0x7fff_ffff)],
  ['png-claims-none', blackPng(0, 0)],
  ['jpeg-mark', bytes(0xff, 0xd8, 0xff)],
  [
    'jpeg-claims-most',
    bytes(0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 0xff, 0xd9),
  ],
  [
    'gif-claims-most',
    Buffer.concat([
      text('GIF89a'),
      bytes(
        0xff,
        0xff,
        0xff,
        0xff,
        0x80,
        0,
        0,
        0,
        0,
        0,
        1,
        1,
        1,
        0x2c,
        0,
        0,
        0,
        0,
        0xff,
        0xff,
        0xff,
        0xff,
        0,
        2,
        1,
        0,
        0x3b,
      ),
    ]),
  ],
  [
    'webp-claims-most',
    Buffer.concat([
      text('RIFF'),
      bytes(30, 0, 0, 0),
      text('WEBPVP8X'),
      bytes(10, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    ]),
  ],
  ['tiff-claims-most', tiff({ 256: FAR, 257: FAR, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: FAR, 279: FAR })],
  ['tiff-many-bands', tiff({ 256: 9, 257: 9, 258: 8, 259: 1, 262: 1, 273: 8, 277: 60_000, 278: 9, 279: FAR })],
  ['tiff-planes', tiff({ 256: 9, 257: 9, 258: 8, 259: 1, 262: 1, 273: FAR, 277: 3, 278: 9, 279: 9, 284: 2 })],
  ['avif-mark', Buffer.concat([bytes(0, 0, 0, 24), text('ftypavif'), bytes(0, 0, 0, 0), text('mif1avif')])],
  [
    'avif-endless-box',
    Buffer.concat([
      bytes(0, 0, 0, 24),
      text('ftypavif'),
      bytes(0, 0, 0, 0),
      text('mif1avif'),
      bytes(0xff, 0xff, 0xff, 0xff),
      text('meta'),
    ]),
  ],
];

const ARRAYS: Odd = [
  ['npy-mark', bytes(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)],
  ['npy-claims-most', npy('|u1', '(999999999, 999999999, 3)', new Uint8Array(12))],
  ['npy-overflow', npy('<f8', `(${'9'.repeat(40)}, 1)`, new Uint8Array(12))],
  ['npy-objects', npy('|O', '(3, 4)', new Uint8Array(12))],
  ['npy-fortran', npy('|u1', '(3, 4)', new Uint8Array(12), 'True')],
  ['npy-scalar', npy('|u1', '()', new Uint8Array(1))],
  ['npy-negative', npy('|u1', '(-3, 4)', new Uint8Array(12))],
  ['npy-not-finite', npy('<f4', '(1, 1, 3)', new Uint8Array(Float32Array.of(0, Number.NaN, 1).buffer))],
  ['npy-infinite', npy('<f4', '(1, 1, 3)', new Uint8Array(Float32Array.of(0, 1, -Infinity).buffer))],
];

/** Each under its own extension, or one of them, and under another. */
export function oddFiles(): Seed[] {
  return [...NO_PICTURES, ...CLAIMS, ...ARRAYS].flatMap(([name, content], i) => {
    const own = EXTENSIONS.find(extension => name.startsWith(extension)) ?? EXTENSIONS[i % EXTENSIONS.length]!;
    return [own, EXTENSIONS[(i + 1) % EXTENSIONS.length]!].map(extension => ({ name, extension, bytes: content }));
  });
}
