import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
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

  it('turns CMYK into sRGB', async () => {
    const encoded = await plain('#ff0000').toColourspace('cmyk').jpeg().toBuffer();
    expect((await sharp(encoded).metadata()).space).toBe('cmyk');
    const [r, g, b] = firstPixel(await decodeImage(encoded));
    expect(r).toBeGreaterThan(200);
    expect(Math.max(g!, b!)).toBeLessThan(60);
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
