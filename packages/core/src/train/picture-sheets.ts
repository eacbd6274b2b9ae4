/** The sheets of pictures that a method has of its own, drawn during training. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ContactSheetCell,
  contactSheet,
  type DecodedImage,
  drawViews,
  heatMap,
  type Loader,
} from '../data/index.ts';
import { ShapeError } from '../errors.ts';
import { writeAtomic } from '../io/index.ts';
import { evaluationPlan, type Method, type PictureSheets } from '../method/index.ts';
import { compile } from '../tensor/compile.ts';
import { inContext } from '../tensor/context.ts';
import { fromBytes, pixelTensor } from '../tensor/native.ts';
import { rngFromSeed } from '../tensor/rng.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { leaves } from '../tensor/tree.ts';
import { drawn } from './feed.ts';
import { spread } from './monitor.ts';

/** Pictures on a sheet, spread over the data set. */
const ROWS = 8;
/** Sheets of a kind over a run. */
const TIMES = 10;

export interface PictureDrawer {
  /** Writes the sheets, where this epoch has its turn: ten times over a run, and at its end. @param epoch from 1 */
  afterEpoch(epoch: number, epochs: number): Promise<void>;
  dispose(): void;
}

/** What the method shows of a few pictures, as `folder/<sheet>-epoch-0001.png`. */
export function pictureDrawer(method: Method, loader: Loader, folder: string, seed: number): PictureDrawer {
  const titles: Record<string, readonly string[]> = {};
  const plan = evaluationPlan(method.views);
  const draw = compile(
    (bytes: Tensor, given: Readonly<Record<string, Tensor>>) =>
      inContext({ training: false }, () => {
        const images = drawViews(plan, fromBytes(bytes), { rng: rngFromSeed(0) })[0]!;
        return tensorsOf(method, method.pictures!({ images, drawn: given }), images.shape[0]!, titles);
      }),
    `${method.name}_pictures`,
  );
  const save = async (name: string, columns: readonly Tensor[], rows: readonly number[], epoch: number) => {
    const cells = await Promise.all(columns.map(column => cellsOf(column, method)));
    const sheet = await contactSheet({
      title: `${name} of ${method.name} after epoch ${epoch}`,
      columns: titles[name]!,
      rows: rows.map(row => ({ cells: cells.map(column => column[row]!) })),
    });
    const file = join(folder, `${name}-epoch-${String(epoch).padStart(4, '0')}.png`);
    await writeAtomic(file, sink => sink.write(sheet));
  };
  return {
    async afterEpoch(epoch, epochs) {
      if (epoch % Math.ceil(epochs / TIMES) !== 0 && epoch !== epochs) return;
      const batch = await loader.pictures(spread(loader.size, ROWS));
      const { data, count, size, channels, indices } = batch;
      const bytes = pixelTensor(data, [count, size, size, channels]);
      const given = drawn(method, seed, epoch - 1, indices);
      const sheets = await draw(bytes, given).finally(() => tf.dispose([bytes, ...leaves(given)]));
      const readable = Array.from(indices.keys()).filter(row => !loader.bad.has(indices[row]!));
      try {
        await mkdir(folder, { recursive: true });
        for (const [name, columns] of Object.entries(sheets)) await save(name, columns, readable, epoch);
      } finally {
        tf.dispose(leaves(sheets));
      }
    },
    dispose: () => draw.dispose(),
  };
}

/** Keeps the titles aside: a graph returns tensors alone. */
function tensorsOf(
  { name: who }: Method,
  sheets: PictureSheets,
  count: number,
  titles: Record<string, readonly string[]>,
): Record<string, readonly Tensor[]> {
  return Object.fromEntries(
    Object.entries(sheets).map(([name, columns]) => {
      for (const { title, pixels } of columns) {
        if ((pixels.rank === 3 || pixels.rank === 4) && pixels.shape[0] === count) continue;
        throw new ShapeError(
          `${who}: pictures must be [B, h, w, C] or [B, h, w], one an image; got [${pixels.shape}] for '${title}' of ${count} images`,
        );
      }
      titles[name] = columns.map(({ title }) => title);
      return [name, columns.map(({ pixels }) => pixels)];
    }),
  );
}

async function cellsOf(pixels: Tensor, { views }: Method): Promise<ContactSheetCell[]> {
  const values = (await pixels.data()) as Float32Array;
  const [count, height, width, channels = 1] = pixels.shape as [number, number, number, number?];
  const length = height * width * channels;
  return Array.from({ length: count }, (_, i) => {
    const own = values.subarray(i * length, (i + 1) * length);
    return { image: pixels.rank === 3 ? heatMap(own, width, height) : asSeen(own, { width, height, channels }, views) };
  });
}

/** From the values that views have back to bytes. */
function asSeen(values: Float32Array, size: Omit<DecodedImage, 'data'>, [view]: Method['views']): DecodedImage {
  const { mean = [0], std = [1] } = view!.normalize ?? {};
  const at = (list: readonly number[], i: number): number => list[(i % size.channels) % list.length]!;
  const data = Uint8Array.from(values, (value, i) =>
    Math.round(255 * Math.min(1, Math.max(0, value * at(std, i) + at(mean, i)))),
  );
  return { ...size, data };
}
