import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { type FixtureTensor, readFixture } from '../testing/index.ts';
import { type DecodeOptions, decodeImage, readImageHeader, reasonOf } from './decode.ts';

interface Case {
  readonly name: string;
  readonly channels: number;
  readonly file: string;
  readonly range?: [number, number];
  /** `[H, W, C]`, 0 to 255, not rounded. */
  readonly pixels: FixtureTensor;
}

const { cases, refused } = readFixture<{ cases: Case[]; refused: { reason: string; file: string }[] }>(
  import.meta.url,
  'decode.json',
);
const bytesOf = (file: string): Uint8Array => Buffer.from(file, 'base64');
const optionsOf = ({ channels, range }: Case): DecodeOptions => ({ channels, ...(range && { range }) });

describe('files of other bands than colours', () => {
  it.each(cases)('keeps every value of $name', async one => {
    const [height, width, channels] = one.pixels.shape;
    const deep = await decodeImage(bytesOf(one.file), { ...optionsOf(one), depth: 'float32' });
    expect(deep).toMatchObject({ height, width, channels });
    expect(deep.data).toBeInstanceOf(Float32Array);
    const gaps = one.pixels.data.map((value, i) => Math.abs(value - deep.data[i]!));
    expect(gaps).toHaveLength(deep.data.length);
    expect(Math.max(...gaps)).toBeLessThan(1e-4);
    const { data } = await decodeImage(bytesOf(one.file), optionsOf(one));
    expect(data).toBeInstanceOf(Uint8Array);
    expect([...data]).toEqual(one.pixels.data.map(Math.round));
    expect(await readImageHeader(bytesOf(one.file))).toMatchObject({ height, width, channels });
  });

  it.each(refused)('refuses a file with: $reason', async ({ reason, file }) => {
    const error = await decodeImage(bytesOf(file), {
      channels: reason === 'separate planes' ? 5 : 1,
      range: [0, 1],
    }).then(
      () => 'decoded',
      (thrown: Error) => thrown,
    );
    expect(error).toBeInstanceOf(DataError);
    expect(reasonOf(error)).toContain(reason);
  });

  const reason = async (name: string, options: DecodeOptions): Promise<string> =>
    decodeImage(bytesOf(cases.find(one => one.name === name)!.file), options).then(() => 'decoded', reasonOf);

  it('wants as many channels as there are, and a range for floats', async () => {
    const held = 'holds 13 channels where 3 were asked for (channels: 13 reads it)';
    expect(await reason('tiff, 13 bands of uint8, contig', {})).toBe(held);
    expect(await reason('tiff, 13 bands of uint8, separate', {})).toBe(held);
    expect(await reason('npy, 13 of <f4', { range: [0, 1] })).toBe(held);
    expect(await reason('tiff, 2 bands of uint8, contig', { channels: 4 })).toContain('holds 2 channels');
    expect(await reason('tiff, 13 bands of float32, contig', { channels: 13 })).toContain('give range: [low, high]');
    expect(await reason('npy, 13 of <f4', { channels: 13 })).toContain('give range: [low, high]');
  });

  it('reduces them without taking a channel for transparency', async () => {
    const size = { width: 12, height: 8, channels: 4 };
    const values = Uint8Array.from({ length: 12 * 8 * 4 }, (_, i) => [200, 100, 50, 0][i % 4]!);
    const { default: sharp } = await import('sharp');
    const encoded = await sharp(values, { raw: size as { width: 12; height: 8; channels: 4 } })
      .png()
      .toBuffer();
    const image = await decodeImage(encoded, { channels: 4, shorterSide: 4 });
    expect(image).toMatchObject({ width: 6, height: 4, source: { width: 12, height: 8 } });
    expect([...image.data]).toEqual(Array.from({ length: 6 * 4 * 4 }, (_, i) => [200, 100, 50, 0][i % 4]!));
  });
});
