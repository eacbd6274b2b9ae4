/** The pictures of docs/views.md: rows of cells, each the picture itself and what was drawn from it. */
import { createRequire } from 'node:module';
import {
  blockWiseMask,
  type ContactSheetRow,
  centerCrop,
  contactSheet,
  cutmix,
  type DecodedImage,
  drawViews,
  fourRotations,
  hostRng,
  jigsawPatches,
  mixup,
  multiBlockMask,
  permutePatches,
  plans,
  previewViews,
  randomMask,
  shuffled,
  type ViewOp,
  type ViewPlan,
  views,
} from '../../packages/core/src/data/index.ts';
import { kindOf, viewOps } from '../../packages/core/src/data/views/registry.ts';
import { tf } from '../../packages/core/src/index.ts';
import { rngFromSeed } from '../../packages/core/src/tensor/rng.ts';
import type { Tensor } from '../../packages/core/src/tensor/tf.ts';

/** sharp is core's. */
const sharp = createRequire(new URL('../../packages/core/package.json', import.meta.url))('sharp');

/** Side of a cell, and views of an op beside the picture. */
const [CELL, DRAWS] = [96, 5];
const SEED = 7;
/** Bytes of a picture. */
const LARGEST = 38_000;

/** Settings that show in a picture what an op does, where its defaults change nothing, or little. */
const EXAMPLES: Readonly<Record<string, object>> = {
  colorJitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  brightness: { factor: 0.6 },
  contrast: { factor: 0.6 },
  saturation: { factor: 0.9 },
  randomAffine: { degrees: [-25, 25], translate: [0.1, 0.1], scale: [0.8, 1.1], shearX: [-10, 10], fill: 1 },
  gaussianBlur: { sigma: [0.5, 3], p: 1, kernelSize: 17 },
};

/** Every picture of the page by name, as PNG. */
export async function pictures(scenes: readonly DecodedImage[]): Promise<Map<string, Buffer>> {
  const [house, balloon] = scenes.map(scene => asTensor([scene])) as [Tensor, Tensor];
  const sheets = new Map<string, readonly ContactSheetRow[]>();
  for (const name of viewOps) sheets.set(name, [await opRow(name, house, scenes[0]!)]);
  for (const name of Object.keys(plans) as (keyof typeof plans)[])
    sheets.set(`plan-${name}`, await planRows(name, house, scenes));
  const square = (picture: Tensor): Tensor =>
    drawViews(views([{ count: 1, size: CELL, ops: [centerCrop({ shorterSide: CELL })] }]), picture, {
      rng: rngFromSeed(1),
    })[0]!;
  const both = tf.concat([square(house), square(balloon)]);
  sheets.set('mixing', await mixingRows(both));
  sheets.set('rotations', [{ cells: await cells(fourRotations(square(house)).images) }]);
  sheets.set('jigsaw', await jigsawRows(house));
  sheets.set('masks', await maskRows(square(house)));
  const drawn = new Map<string, Buffer>();
  for (const [name, rows] of sheets) drawn.set(name, await small(rows));
  return drawn;
}

/** Colours by a palette: a third of the size, and little that one sees. Noise takes more room, and so has fewer cells. */
async function small(rows: readonly ContactSheetRow[]): Promise<Buffer> {
  const sheet = await contactSheet({ rows, cell: CELL, gap: 6 });
  const png: Buffer = await sharp(sheet)
    .png({ palette: true, colours: 192, effort: 10, compressionLevel: 9 })
    .toBuffer();
  return png.length < LARGEST ? png : small(rows.map(({ cells }) => ({ cells: cells.slice(0, -1) })));
}

/** Those that differ from all before them. */
function distinct(images: readonly DecodedImage[]): DecodedImage[] {
  return images.filter(
    (image, i) =>
      !images.slice(0, i).some(other => Buffer.compare(Buffer.from(image.data), Buffer.from(other.data)) === 0),
  );
}

async function opRow(name: string, picture: Tensor, original: DecodedImage): Promise<ContactSheetRow> {
  const kind = kindOf(name)!;
  const defaults = kind.complete({} as ViewOp);
  const op = kind.complete({
    ...('p' in defaults && { p: 1 }),
    ...kind.example,
    ...EXAMPLES[name],
  } as unknown as ViewOp);
  const ops = kind.framing ? [op] : [centerCrop({ shorterSide: CELL }), op];
  const shown = await previewViews(views([{ count: DRAWS, size: CELL, ops }]), picture, SEED);
  const first = kind.framing
    ? original
    : (await previewViews(views([{ count: 1, size: CELL, ops: ops.slice(0, 1) }]), picture, SEED))[0]![0]!;
  return { cells: [first, ...distinct(shown[0]!)].map(image => ({ image })) };
}

/** Of plans with one view several draws, of those with two two rows of both, of others one row; small views small. */
async function planRows(
  name: keyof typeof plans,
  picture: Tensor,
  [original]: readonly DecodedImage[],
): Promise<ContactSheetRow[]> {
  const plan: ViewPlan = plans[name]({ size: CELL });
  const count = plan.reduce((sum, view) => sum + view.count, 0);
  const drawn = count === 1 ? views([{ ...plan[0]!, count: DRAWS }]) : plan;
  const seeds = count === 2 ? [SEED, SEED + 1] : [SEED];
  const rows = await Promise.all(seeds.map(async seed => (await previewViews(drawn, picture, seed))[0]!));
  return rows.map(row => ({ cells: [original!, ...distinct(row).map(padded)].map(image => ({ image })) }));
}

/** In the middle of a white cell, so that it is not enlarged. */
function padded(image: DecodedImage): DecodedImage {
  if (image.width >= CELL) return image;
  const data = new Uint8Array(CELL * CELL * 3).fill(255);
  const from = Math.floor((CELL - image.width) / 2);
  for (let y = 0; y < image.height; y++) {
    data.set(image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3), ((from + y) * CELL + from) * 3);
  }
  return { data, width: CELL, height: CELL, channels: 3 };
}

/** Both pictures, and the first of them mixed with the second. */
async function mixingRows(both: Tensor): Promise<ContactSheetRow[]> {
  const rows = [mixup, cutmix].map(mix => {
    const mixed = Array.from({ length: 40 }, (_, seed) => mix(both, { rng: rngFromSeed(seed) }))
      .filter(({ partner }) => partner.dataSync()[0] === 1)
      .sort((a, b) => b.lambda.dataSync()[0]! - a.lambda.dataSync()[0]!);
    const shown = [0.2, 0.4, 0.6, 0.8].map(share => mixed[Math.floor(share * mixed.length)]!); // from much of the first to little
    return tf.concat([both, ...shown.map(({ images }) => images.slice([0, 0, 0, 0], [1, -1, -1, -1]))]);
  });
  return Promise.all(rows.map(async row => ({ cells: await cells(row) })));
}

/** The view, its patches in their places, and in another order. */
async function jigsawRows(picture: Tensor): Promise<ContactSheetRow[]> {
  const view = drawViews(views([plans.jigsaw({ size: CELL, channels: 1, normalize: false })[0]!]), picture, {
    rng: rngFromSeed(SEED),
  })[0]!;
  const patches = jigsawPatches(view, { rng: rngFromSeed(3) });
  const colours = drawViews(plans.pirlPatches({ size: patches.shape[1]!, normalize: false }), patches.mul(255), {
    rng: rngFromSeed(5),
  })[0]!;
  const order = tf.tensor2d(shuffled(9, hostRng(1, 0)), [1, 9], 'int32');
  const sheet = (nine: Tensor): Tensor => {
    const side = nine.shape[1]!;
    const room = CELL / 3 - side;
    const tiles = nine.pad(
      [
        [0, 0],
        [Math.floor(room / 2), Math.ceil(room / 2)],
        [Math.floor(room / 2), Math.ceil(room / 2)],
        [0, 0],
      ],
      1,
    ); // prettier-ignore
    return tiles
      .reshape([3, 3, CELL / 3, CELL / 3, 3])
      .transpose([0, 2, 1, 3, 4])
      .reshape([1, CELL, CELL, 3]);
  };
  const row = tf.concat([view, sheet(patches), sheet(permutePatches(patches, order)), sheet(colours)]);
  return [{ cells: await cells(row) }];
}

/** One row for each kind: four masks of a grid of 12 by 12. What is seen stays, what is a target is tinted. */
async function maskRows(picture: Tensor): Promise<ContactSheetRow[]> {
  const grid = [12, 12] as const;
  const kinds = [
    { visible: 'visible', mask: randomMask({ tokens: 144 }) },
    { visible: 'visible', mask: blockWiseMask({ grid }) },
    { visible: 'context', mask: multiBlockMask({ grid }) },
  ];
  return Promise.all(
    kinds.map(async ({ visible, mask }) => {
      const drawn = [1, 2, 3, 4, 5].map(index => mask.draw(hostRng(1, 0, index)) as Record<string, Int32Array>);
      const rows = drawn.map(parts => {
        const seen = new Float32Array(144);
        for (const token of parts[visible]!) seen[token] = 1;
        const tinted = new Float32Array(144);
        for (const token of parts.targets ?? []) tinted[token] = 1;
        const large = (flags: Float32Array): Tensor =>
          tf
            .tensor(flags, [1, 12, 1, 12, 1])
            .tile([1, 1, CELL / 12, 1, CELL / 12])
            .reshape([1, CELL, CELL, 1]);
        const shown = picture.mul(large(seen)).add(tf.sub(1, large(seen)).mul(0.8));
        const tint = tf.tensor([0.35, 0.6, 0.9]).mul(0.6).add(picture.mul(0.4));
        return tf.where(large(tinted).greater(0).tile([1, 1, 1, 3]), tint, shown);
      });
      return { cells: await cells(tf.concat([picture, ...rows])) };
    }),
  );
}

/** `[N, S, S, 3]`, 0 to 1, as cells. */
async function cells(views: Tensor): Promise<{ image: DecodedImage }[]> {
  const [count, height, width, channels] = views.shape as [number, number, number, number];
  const bytes = Uint8Array.from(await tf.round(views.clipByValue(0, 1).mul(255)).data());
  const length = height * width * channels;
  return Array.from({ length: count }, (_, i) => ({
    image: { data: bytes.subarray(i * length, (i + 1) * length), width, height, channels },
  }));
}

function asTensor(images: readonly DecodedImage[]): Tensor {
  const [{ height, width, channels }] = images as [DecodedImage];
  return tf.concat(images.map(({ data }) => tf.tensor(Float32Array.from(data), [1, height, width, channels])));
}
