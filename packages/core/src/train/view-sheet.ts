import { contactSheet, type DecodedImage, type PackedPixels, previewViews } from '../data/index.ts';
import { writeAtomic } from '../io/index.ts';
import type { Method } from '../method/index.ts';
import { fromBytes } from '../tensor/native.ts';
import { leaves } from '../tensor/tree.ts';
import { gather } from './feed.ts';

/** Pictures on the sheet, spread over the data set. */
const ROWS = 8;
/** Draws of the plan for each. */
const DRAWS = 4;

/** Draws what the network will see: each row a picture, then the views of several draws. */
export async function saveViewSheet(path: string, method: Method, pixels: PackedPixels, seed: number): Promise<void> {
  const count = Math.min(ROWS, pixels.count);
  const rows = Uint32Array.from({ length: count }, (_, i) => Math.floor((i * pixels.count) / count));
  const input = gather(pixels, rows);
  const images = fromBytes(input.images);
  const previews = await Promise.all(
    Array.from({ length: DRAWS }, (_, i) =>
      previewViews(method.views, images, seed + i, { sizes: input.sizes, layout: 'fill' }),
    ),
  ).finally(() => {
    for (const tensor of [images, ...leaves(input)]) tensor.dispose();
  });
  const sheet = await contactSheet({
    title: `Views of ${method.name}`,
    columns: ['picture', ...previews.flatMap(draw => draw[0]!.map((_, view) => `view ${view + 1}`))],
    rows: Array.from(rows, (row, i) => ({
      cells: [{ image: storedPicture(pixels, row) }, ...previews.flatMap(draw => draw[i]!.map(image => ({ image })))],
    })),
  });
  await writeAtomic(path, file => file.write(sheet));
}

/** A row of the packed pixels as a picture. */
export function storedPicture({ data, size, channels }: PackedPixels, row: number): DecodedImage {
  const bytes = size * size * channels;
  return { data: data.subarray(row * bytes, (row + 1) * bytes), width: size, height: size, channels };
}
