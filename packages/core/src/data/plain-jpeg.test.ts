import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { describe, expect, it, test } from 'vitest';
import { MUTATIONS } from '../../../../scripts/data/fuzz/mutations.ts';
import { type JpegDecoder, jpegDecoder, sharedEngine } from '../engine/jpeg.ts';
import { type DecodedImage, type DecodeOptions, decodeImage, reasonOf } from './decode.ts';
import { hostRng } from './host-rng.ts';
import { plainJpeg } from './plain-jpeg.ts';

const engine = jpegDecoder(sharedEngine());

/** Smooth parts and edges, so that every way of storing colours shows. */
function picture(width: number, height: number, channels: 1 | 3 = 3): Sharp {
  const at = (i: number): number => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return (x * (5 + c) + y * (9 - c) + ((x >> 2) ^ (y >> 3)) * 30) % 256;
  };
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => at(i));
  const raw = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? raw.toColourspace('b-w') : raw;
}

/** What comes of it: the picture, or the reason why there is none. */
async function outcome(bytes: Uint8Array, options: DecodeOptions, jpeg?: JpegDecoder): Promise<DecodedImage | string> {
  try {
    const image = await decodeImage(bytes, options, { jpeg });
    return { ...image, data: Uint8Array.from(image.data) };
  } catch (error) {
    return reasonOf(error);
  }
}

/** @returns whether the engine's decoder was asked. */
async function expectSame(bytes: Uint8Array, options: DecodeOptions): Promise<boolean> {
  let asked = false;
  const watched: JpegDecoder = (...given) => {
    asked = true;
    return engine(...given);
  };
  expect(await outcome(bytes, options, watched)).toEqual(await outcome(bytes, options));
  return asked;
}

describe("the engine's decoder gives sharp's values", () => {
  const STORED: Record<string, JpegOptions> = {
    'halved colours': { quality: 80 },
    'full colours': { quality: 92, chromaSubsampling: '4:4:4' },
    progressive: { quality: 70, progressive: true },
    coarse: { quality: 15 },
    'as large as can be': { quality: 100, optimiseCoding: false },
  };
  it.each(Object.keys(STORED))('%s', async name => {
    for (const [width, height] of [
      [1, 1],
      [7, 5],
      [16, 16],
      [33, 31],
      [100, 61],
    ] as const) {
      for (const channels of [1, 3] as const) {
        const bytes = await picture(width, height, channels).jpeg(STORED[name]).toBuffer();
        for (const options of [{ channels }, { shorterSide: 24 }, { shorterSide: 24, square: true, channels }]) {
          expect(await expectSame(bytes, options)).toBe(channels === 1 || options.channels !== 1);
        }
      }
    }
  });

  it('of damaged files, or the same reason', async () => {
    const whole = await picture(90, 70).jpeg().toBuffer();
    const kinds = Object.values(MUTATIONS);
    let asked = 0;
    for (let i = 0; i < 200; i++) {
      const bytes = kinds[i % kinds.length]!(whole, hostRng(5, 0, i), [whole]);
      if (await expectSame(bytes, {})) asked++;
    }
    expect(asked).toBeGreaterThan(30);
  });

  it('in memory that the next picture does not change', async () => {
    const [a, b] = await Promise.all([10, 60].map(hue => picture(40, 30).modulate({ hue }).jpeg().toBuffer()));
    const first = await decodeImage(a!, {}, { jpeg: engine });
    const kept = [...first.data];
    const second = await decodeImage(b!, {}, { jpeg: engine });
    expect([...first.data]).toEqual(kept);
    expect([...second.data]).not.toEqual(kept);
  });

  it('into memory that is given, if it has that size', async () => {
    const bytes = await picture(40, 30).jpeg().toBuffer();
    const options = { shorterSide: 20, square: true };
    const expected = await decodeImage(bytes, options);
    for (const size of [20 * 20 * 3, 7]) {
      const into = new ArrayBuffer(size);
      const image = await decodeImage(bytes, options, { jpeg: engine, into });
      expect(image.data.buffer === into).toBe(size > 7);
      expect([...image.data]).toEqual([...expected.data]);
    }
  });
});

describe('plainJpeg', () => {
  test('gives the shape of what needs nothing but decoding', async () => {
    const bytes = await picture(100, 61).jpeg().toBuffer();
    expect(plainJpeg(bytes, {})).toEqual({ width: 100, height: 61, channels: 3 });
    expect(plainJpeg(bytes, { shorterSide: 21 })).toEqual({ width: 100, height: 61, channels: 3 });
    const upright = await picture(9, 8, 1)
      .withExif({ IFD0: { Orientation: '1', Software: 'x' } })
      .jpeg()
      .toBuffer();
    expect(upright.includes('Exif')).toBe(true);
    expect(plainJpeg(upright, { channels: 1 })).toEqual({ width: 9, height: 8, channels: 1 });
    expect(plainJpeg(upright, {})).toEqual({ width: 9, height: 8, channels: 3 });
  });

  const jpeg = (): Promise<Buffer> => picture(64, 48).jpeg().toBuffer();
  /** sharp writes none: the number in its EXIF part is changed. */
  const turned = async (): Promise<Buffer> => {
    const bytes = await picture(64, 48)
      .withExif({ IFD0: { Orientation: '1' } })
      .jpeg()
      .toBuffer();
    bytes[bytes.indexOf(Buffer.from('1201030001000000', 'hex')) + 8] = 6; // little-endian: tag 274, one short number
    expect((await sharp(bytes).metadata()).orientation).toBe(6);
    return bytes;
  };
  const OTHERS: Record<string, [() => Promise<Uint8Array>, DecodeOptions?]> = {
    'a turned picture': [turned],
    'one with a profile': [() => picture(64, 48).withIccProfile('p3').jpeg().toBuffer()],
    inks: [() => picture(64, 48).toColourspace('cmyk').jpeg().toBuffer(), { channels: 3 }],
    'a cut one': [async () => (await jpeg()).subarray(0, -9)],
    'another format': [() => picture(64, 48).png().toBuffer()],
    nothing: [async () => new Uint8Array(0)],
    'grey of a colour': [jpeg, { channels: 1 }],
    'more channels': [jpeg, { channels: 4 }],
    floats: [jpeg, { depth: 'float32' }],
    'a second page': [jpeg, { page: 1 }],
    'what libvips reduces while decoding': [jpeg, { shorterSide: 16 }],
  };
  test.each(Object.keys(OTHERS))('leaves to sharp: %s', async name => {
    const [make, options = {}] = OTHERS[name]!;
    expect(plainJpeg(await make(), options)).toBeUndefined();
  });

  test('reads headers of any kind without an error', async () => {
    const whole = await picture(20, 20)
      .withExif({ IFD0: { Orientation: '1' } })
      .jpeg()
      .toBuffer();
    for (let at = 0; at < 200; at++) {
      for (const value of [0, 1, 0xc0, 0xff]) {
        const bytes = Uint8Array.from(whole);
        bytes[at] = value;
        expect(() => plainJpeg(bytes, {})).not.toThrow();
      }
    }
  });
});
