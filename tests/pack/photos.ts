/** Pictures to follow the documentation with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePng } from '@ssl/core/data';

/** @param folder gets two folders of pictures, and a file that cannot be read: bad ones are part of most folders */
export async function writePhotos(folder: string, count: number): Promise<void> {
  const [width, height, channels] = [40, 32, 3];
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: width * height * channels }, (_, at) => (at * (i + 3)) % 256);
    const file = join(folder, i % 2 === 0 ? 'cats' : 'dogs', `${i}.png`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await encodePng({ data, width, height, channels }));
  }
  writeFileSync(join(folder, 'dogs', 'empty.jpg'), '');
}
