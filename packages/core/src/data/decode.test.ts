import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { type DecodedImage, decodeImage, encodePng, readImageHeader, reasonOf } from './decode.ts';

const [WIDTH, HEIGHT] = [60, 40];

/** One colour everywhere, as the input of sharp. */
const plain = (background: string | { r: number; g: number; b: number; alpha: number }): Sharp =>
  sharp({ create: { width: WIDTH, height: HEIGHT, channels: typeof background === 'string' ? 3 : 4, background } });

const noise = (): Sharp =>
  sharp(
    Uint8Array.from({ length: 200 * 200 * 3 }, (_, i) => (i * i) % 251),
    { raw: { width: 200, height: 200, channels: 3 } },
  );

const firstPixel = ({ data, channels }: DecodedImage): number[] => [...data.subarray(0, channels)];

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: Error) => error,
  );
}

describe('decodeImage', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('reads %s as colour and as grey', async format => {
    const encoded = await plain('#8000ff')[format]().toBuffer();
    const colour = await decodeImage(encoded);
    expect(colour).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 3 });
    expect(colour.data).toHaveLength(WIDTH * HEIGHT * 3);
    const [r, g, b] = firstPixel(colour);
    expect(Math.max(Math.abs(r! - 0x80), Math.abs(g! - 0), Math.abs(b! - 0xff))).toBeLessThan(6);
    const grey = await decodeImage(encoded, { channels: 1 });
    expect(grey.data).toHaveLength(WIDTH * HEIGHT);
  });

  it('reduces 16 bits to 8', async () => {
    const words = Uint16Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => [65535, 32768, 257][i % 3]!);
    const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
    const encoded = await sharp(words, { raw }).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(encoded).metadata()).depth).toBe('ushort');
    expect(firstPixel(await decodeImage(encoded))).toEqual([255, 128, 1]);
  });

  it('divides 16 bits by 257 and rounds, where libvips is off by up to one', async () => {
    const words = Uint16Array.of(0, 128, 129, 511, 33_023, 33_024, 65_534, 65_535);
    const raw = { width: words.length, height: 1, channels: 1 } as const;
    const encoded = await sharp(words, { raw }).toColourspace('grey16').png().toBuffer();
    const own = await sharp(encoded).toColourspace('b-w').raw().toBuffer();
    expect([...own]).toEqual([0, 1, 1, 2, 129, 129, 255, 255]);
    expect([...(await decodeImage(encoded, { channels: 1 })).data]).toEqual([0, 0, 1, 2, 128, 128, 255, 255]);
    const { data } = await decodeImage(encoded, { channels: 1, depth: 'float32' });
    expect([...data]).toEqual([...Float32Array.from(words, word => word / 257)]);
    const scaled = await decodeImage(encoded, { channels: 1, range: [129, 511] });
    expect([...scaled.data]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });

  it('keeps 8 bits as they are, as floats too', async () => {
    const encoded = await plain('#010203').png().toBuffer();
    const { data } = await decodeImage(encoded, { depth: 'float32', range: [0, 2] });
    expect(data).toBeInstanceOf(Float32Array);
    expect([...data.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it('lays transparency of 16 bits on white', async () => {
    const words = Uint16Array.of(0, 0, 0, 0, 514, 0, 65_535, 65_535, 0, 0, 0, 32_768);
    const raw = { width: 3, height: 1, channels: 4 } as const;
    const encoded = await sharp(words, { raw }).toColourspace('rgb16').png().toBuffer();
    expect([...(await decodeImage(encoded)).data]).toEqual([255, 255, 255, 2, 0, 255, 127, 127, 127]);
  });

  it('takes 16 bits with a profile to sRGB', async () => {
    const raw = { width: 1, height: 1, channels: 3 } as const;
    const inP3 = sharp(Uint16Array.of(60_000, 30_000, 30_000), { raw }).toColourspace('rgb16');
    const encoded = await inP3.withIccProfile('srgb').png().toBuffer(); // the numbers are made sRGB's on the way
    expect((await sharp(encoded).metadata()).icc).toBeDefined();
    const stored = await sharp(encoded, { ignoreIcc: true }).raw().toBuffer();
    const gaps = [...(await decodeImage(encoded)).data].map((value, i) => Math.abs(value - stored[i]!));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1);
  });

  it('turns CMYK into sRGB', async () => {
    const encoded = await plain('#ff0000').toColourspace('cmyk').jpeg().toBuffer();
    expect((await sharp(encoded).metadata()).space).toBe('cmyk');
    const [r, g, b] = firstPixel(await decodeImage(encoded));
    expect(r).toBeGreaterThan(200);
    expect(Math.max(g!, b!)).toBeLessThan(60);
  });

  it('gives the four inks of CMYK where four channels are asked for', async () => {
    const encoded = await plain('#ff0000').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const [cyan, magenta, yellow, black] = firstPixel(await decodeImage(encoded, { channels: 4 }));
    expect(Math.max(cyan!, black!)).toBeLessThan(5);
    expect(Math.min(magenta!, yellow!)).toBeGreaterThan(240);
  });

  it('lays transparency on white', async () => {
    const encoded = await plain({ r: 255, g: 0, b: 0, alpha: 0 }).png().toBuffer();
    expect(firstPixel(await decodeImage(encoded))).toEqual([255, 255, 255]);
    expect(firstPixel(await decodeImage(encoded, { channels: 1 }))).toEqual([255]);
  });

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all(['#ff0000', '#00ff00'].map(colour => plain(colour).png().toBuffer()));
    const encoded = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(encoded).metadata()).pages).toBe(2);
    const image = await decodeImage(encoded);
    expect([image.width, image.height, ...firstPixel(image)]).toEqual([WIDTH, HEIGHT, 255, 0, 0]);
  });

  it('applies the EXIF orientation', async () => {
    const encoded = await plain('#336699').withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decodeImage(encoded)).toMatchObject({ width: HEIGHT, height: WIDTH });
    expect(await readImageHeader(encoded)).toMatchObject({ width: HEIGHT, height: WIDTH, format: 'jpeg' });
  });

  it('reduces on request and tells the true size', async () => {
    const encoded = await plain('#336699').withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const image = await decodeImage(encoded, { shorterSide: 20 });
    expect(image).toMatchObject({ width: 20, height: 30, source: { width: HEIGHT, height: WIDTH } });
    const whole = await decodeImage(encoded, { shorterSide: 500 });
    expect(whole).toMatchObject({ width: HEIGHT, height: WIDTH });
    expect(whole.source).toBeUndefined();
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('refuses a truncated %s', async format => {
    const encoded = await noise()[format]().toBuffer();
    const error = await failure(decodeImage(encoded.subarray(0, encoded.length / 2)));
    expect(error).toBeInstanceOf(DataError);
    expect(reasonOf(error)).toMatch(/truncated|not in a format/);
  });

  it('refuses options that are out of range', async () => {
    const encoded = await plain('#ffffff').png().toBuffer();
    await expect(decodeImage(encoded, { channels: 17 })).rejects.toThrow(
      'channels must be a whole number from 1 to 16; got 17',
    );
    await expect(decodeImage(encoded, { shorterSide: 0 })).rejects.toThrow(ConfigError);
    await expect(decodeImage(encoded, { depth: 'int8' as 'uint8' })).rejects.toThrow(
      'depth must be one of uint8, float32',
    );
    await expect(decodeImage(encoded, { range: [1, 1] })).rejects.toThrow('range must be [low, high] with low < high');
  });

  it('refuses nothing and text', async () => {
    expect(reasonOf(await failure(decodeImage(new Uint8Array(0))))).toBe('empty file (0 bytes)');
    expect(reasonOf(await failure(decodeImage(Buffer.from('hello'))))).toBe('not in a format that can be read');
  });
});

describe('encodePng', () => {
  it.each([1, 3, 4])('keeps every value of %i channels', async channels => {
    const image = {
      // More colours than a palette holds.
      data: Uint8Array.from({ length: 1200 * channels }, (_, i) => (i * i * 21 + i) % 256),
      width: 40,
      height: 30,
      channels,
    };
    const encoded = await encodePng(image);
    const { data, info } = await sharp(encoded)
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([40, 30, channels]);
    expect([...data]).toEqual([...image.data]);
  });
});
