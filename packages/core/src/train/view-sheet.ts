import { contactSheet, type DecodedImage, type Loader, type PixelBlock, previewViews } from '../data/index.ts';
import { writeAtomic } from '../io/index.ts';
import type { Method } from '../method/index.ts';
import { fromBytes } from '../tensor/native.ts';
import { leaves } from '../tensor/tree.ts';
import { batchTensors } from './feed.ts';
import { spread } from './monitor.ts';

/** Pictures on the sheet, spread over the data set. */
const ROWS = 8;
/** Draws of the plan for each. */
const DRAWS = 4;

/** Draws what the network will see: each row a picture, then the views of several draws. */
export async function saveViewSheet(path: string, method: Method, loader: Loader, seed: number): Promise<void> {
  const batch = await loader.pictures(spread(loader.size, ROWS));
  const input = batchTensors(batch);
  const images = fromBytes(input.images);
  const previews = await Promise.all(
    Array.from({ length: DRAWS }, (_, i) =>
      previewViews(method.views, images, seed + i, { sizes: input.sizes, layout: 'fill' }),
    ),
  ).finally(() => {
    for (const tensor of [images, ...leaves(input)]) tensor.dispose();
  });
  const readable = Array.from(batch.indices.keys()).filter(row => !loader.bad.has(batch.indices[row]!));
  const sheet = await contactSheet({
    title: `Views of ${method.name}`,
    columns: ['picture', ...previews.flatMap(draw => draw[0]!.map((_, view) => `view ${view + 1}`))],
    rows: readable.map(row => ({
      cells: [{ image: storedPicture(batch, row) }, ...previews.flatMap(draw => draw[row]!.map(image => ({ image })))],
    })),
  });
  await writeAtomic(path, file => file.write(sheet));
}

/** A row of stored pixels as a picture. */
export function storedPicture(
  { data, size, channels }: Pick<PixelBlock, 'data' | 'size' | 'channels'>,
  row: number,
): DecodedImage {
  const values = size * size * channels;
  return { data: data.subarray(row * values, (row + 1) * values), width: size, height: size, channels };
}
