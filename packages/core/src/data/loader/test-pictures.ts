/** For tests: a folder of small pictures, in several formats and sizes, some of them broken. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const FORMATS = ['png', 'jpeg', 'webp'] as const;

/** Writes `count` pictures of up to 40 pixels; those whose place is in `broken` hold a text. */
export async function writePictures(folder: string, count: number, broken: readonly number[] = []): Promise<void> {
  for (let i = 0; i < count; i++) {
    const format = FORMATS[i % FORMATS.length]!;
    const [width, height] = [20 + (i % 5) * 5, 20 + (i % 3) * 10];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * (i + 3) + 17 * i) % 256);
    const picture = await sharp(data, { raw: { width, height, channels: 3 } })
      [format]()
      .toBuffer();
    const name = `${String(i).padStart(4, '0')}.${format}`;
    writeFileSync(join(folder, name), broken.includes(i) ? 'no picture at all, but long enough to be one' : picture);
  }
}
