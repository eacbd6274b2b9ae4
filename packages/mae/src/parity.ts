/** Comparisons with the official code: tests, and rows of docs/parity.md. */
import {
  gatherTokens,
  inContext,
  type Method,
  parametersOf,
  sinCosPositions,
  type Tensor,
  tf,
  type Variable,
  valueAndGradients,
  visionTransformer,
} from '@ssl/core';
import {
  type FixtureTensor,
  fixtureIntegers,
  fixtureTensor,
  inTorchLayout,
  loadFixture,
  lossParity,
  type Parity,
  type ParityCase,
  readFixture,
  relativeError,
} from '@ssl/core/testing';
import { mae, maeLoss, maeViews, normalizePatches, patchify } from './index.ts';
import { visiblePatches } from './loss.ts';

interface Whole {
  readonly weights: Readonly<Record<string, FixtureTensor>>;
  readonly images: FixtureTensor;
  readonly cases: readonly {
    readonly normalizePixels: boolean;
    readonly ratio: number;
    readonly visible: FixtureTensor;
    readonly masked: FixtureTensor;
    readonly loss: number;
    readonly predictions: FixtureTensor | null;
    readonly gradients: Readonly<Record<string, FixtureTensor>>;
  }[];
}

const { losses, patches, positions, counts, whole } = readFixture<{
  readonly losses: readonly {
    readonly name: string;
    readonly normalizePixels: boolean;
    readonly images: FixtureTensor;
    readonly masked: FixtureTensor;
    readonly predictions: FixtureTensor;
    readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  }[];
  readonly patches: { readonly images: FixtureTensor; readonly patches: FixtureTensor };
  readonly positions: { readonly side: number; readonly dim: number; readonly table: FixtureTensor };
  readonly counts: readonly (readonly [tokens: number, ratio: number, visible: number])[];
  readonly whole: readonly [Whole];
}>(import.meta.url, 'mae.json');

const OFFICIAL = 'facebookresearch/mae models_mae.py';
const SHAPE = { dim: 8, depth: 2, heads: 2, patchSize: 4, imgSize: 16 };

interface Step {
  readonly loss: Tensor;
  readonly predictions: Tensor;
  /** By official names, in PyTorch's layout. */
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** Official names have no word for the encoder, and say `decoder_` of all else. */
function officialName({ name }: Variable): string {
  return name.replace(/^(backbone|decoder)\./, '');
}

function start(normalizePixels: boolean, ratio: number): Method {
  const method = mae({
    backbone: visionTransformer('whole', SHAPE, { positions: 'fixed' }),
    views: maeViews({ size: SHAPE.imgSize }),
    ...{ decoderDim: 8, decoderDepth: 1, decoderHeads: 2, normalizePixels, maskRatio: ratio },
  });
  for (const variable of parametersOf(method.trained)) {
    loadFixture(variable, whole[0].weights[officialName(variable)]!);
  }
  return method;
}

function stepOf({ normalizePixels, ratio, visible, masked }: Whole['cases'][number]): Step {
  const method = start(normalizePixels, ratio);
  const progress = { fraction: tf.scalar(0), epoch: tf.scalar(0), scheduled: {} };
  const drawn = { visible: fixtureIntegers(visible), masked: fixtureIntegers(masked) };
  const batch = { views: [fixtureTensor(whole[0].images)], indices: tf.range(0, 2, 1, 'int32'), drawn };
  const trained = parametersOf(method.trained);
  return inContext({ training: true }, () => {
    const { value, gradients } = valueAndGradients(() => method.step(batch, progress).loss, trained);
    const named = trained.map(
      (variable, i) => [officialName(variable), inTorchLayout(gradients[i]!, variable)] as const,
    );
    const { predictions } = method.parts!.encode(batch, progress);
    return { loss: value, predictions: predictions!, gradients: Object.fromEntries(named) };
  });
}

function wholeCases(given: Whole['cases'][number]): ParityCase[] {
  const what = `a step of the whole model, ${given.normalizePixels ? 'normalised patches' : 'pixels as they are'}, ratio ${given.ratio}`;
  const shared = { what, reference: `${OFFICIAL}, forward` };
  let done: Step | undefined;
  const step = (): Step => (done ??= stepOf(given));
  const gradient = (): number =>
    Math.max(
      ...Object.entries(given.gradients).map(([name, expected]) => relativeError(step().gradients[name]!, expected)),
    );
  const loss = (): number => Math.abs(step().loss.dataSync()[0]! - given.loss) / given.loss;
  return [
    { ...shared, quantity: 'loss', difference: loss },
    { ...shared, what: `${what}, all weights`, quantity: 'gradient', difference: gradient },
    ...(given.predictions
      ? [
          {
            ...{ ...shared, what: 'predictions of the hidden patches', quantity: 'loss' as const },
            difference: () => relativeError(step().predictions, given.predictions!),
          },
        ]
      : []),
  ];
}

export const parity: Parity = [
  ...losses.flatMap(({ name, normalizePixels, images, masked, predictions, expected }) =>
    lossParity({
      what: `maeLoss, ${name}`,
      reference: `${OFFICIAL}, forward_loss`,
      loss: p => {
        const hidden = gatherTokens(patchify(fixtureTensor(images), 4), fixtureIntegers(masked));
        return maeLoss(p!, normalizePixels ? normalizePatches(hidden) : hidden);
      },
      inputs: [predictions],
      expected,
    }),
  ),
  ...whole[0].cases.flatMap(wholeCases),
  {
    what: 'patchify, pictures of 2 x 2 patches',
    quantity: 'loss',
    reference: `${OFFICIAL}, patchify`,
    difference: () => relativeError(patchify(fixtureTensor(patches.images), 4), patches.patches),
  },
  {
    what: `positions of ${positions.side} x ${positions.side} patches`,
    quantity: 'loss',
    reference: 'facebookresearch/mae util/pos_embed.py, get_2d_sincos_pos_embed',
    difference: () => relativeError(sinCosPositions([positions.side, positions.side], positions.dim), positions.table),
  },
  {
    what: `how many patches stay, for ${counts.length} sizes and ratios`,
    quantity: 'trajectory',
    reference: `${OFFICIAL}, random_masking`,
    difference: () =>
      Math.max(...counts.map(([tokens, ratio, seen]) => Math.abs(visiblePatches(tokens, ratio) - seen))),
  },
];
