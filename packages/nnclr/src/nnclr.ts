import {
  type Backbone,
  inParts,
  l2Normalize,
  type Method,
  type Module,
  mlp,
  type Queue,
  queue,
  type Recipe,
  rngFromSeed,
  type StepParts,
  stepContext,
  stopGradient,
  type Tensor,
  tf,
  type ViewPlan,
} from '@ssl/core';
import { checkedConfig, checkViews } from './check.ts';
import { cifar, type NNCLRConfig } from './config.ts';
import { nnclrLoss } from './loss.ts';
import { nearestNeighbours } from './nearest.ts';
import { signaturesOf } from './signatures.ts';
import { nnclrViews } from './views.ts';

export interface NNCLROptions extends Partial<NNCLRConfig> {
  readonly backbone: Backbone;
  /** Default `nnclrViews()` for the backbone's channels. Two views of one size. */
  readonly views?: ViewPlan;
  /** Default `cifar`. */
  readonly recipe?: Recipe;
  /** Of the heads' initial weights and the support set. Default 0. */
  readonly seed?: number;
}

/**
 * NNCLR (arXiv:2104.14548): SimCLR whose positive is not the other view itself but the nearest neighbour of its projection in a support
 * set of earlier ones.
 * @throws ConfigError for a setting that is unknown (the nearest one is named) or out of range, and for a plan of other than two views
 */
export function nnclr({ backbone, views, recipe = cifar, seed = 0, ...overrides }: NNCLROptions): Method {
  const config = checkedConfig(overrides);
  const { projectionDim: P, hiddenDim, layers, predictorDim, queueSize } = config;
  const plan = views ?? nnclrViews({ channels: backbone.inChannels });
  checkViews(plan);
  const rng = rngFromSeed(seed);
  const hidden = Array<number>(layers - 1).fill(hiddenDim);
  const head = mlp([backbone.outDim, ...hidden, P], { rng, lastNorm: 'affine' });
  const predictor = mlp([P, predictorDim, P], { rng });
  const support = queue(queueSize, P, { rng });
  const images = queue(queueSize, 1, { rng });
  return {
    spec: 1,
    name: 'nnclr',
    backbone,
    config,
    recipe,
    views: plan,
    acrossRanks: 'gathers-negatives',
    trained: { backbone, head, predictor },
    carried: {
      support: support.members.keys!,
      pointer: support.members.pointer!,
      imageOf: images.members.keys!,
      imagePointer: images.members.pointer!,
    },
    signatures: signaturesOf(queueSize),
    ...inParts(partsOf({ backbone, head, predictor, support, images }, config)),
    embed: (pictures: Tensor) => backbone(pictures), //             [B, D]
    project: (pictures: Tensor) => head(backbone(pictures)), //     [B, P]
  };
}

interface Parts {
  readonly backbone: Backbone;
  readonly head: Module;
  readonly predictor: Module;
  /** Projections of earlier first views. */
  readonly support: Queue;
  /** The image of each of them. */
  readonly images: Queue;
}

/** The queue of images starts with rows of ±1: numbers of images come after them. Float32 holds them up to 16 million. */
const FIRST_IMAGE = 2;

function partsOf({ backbone, head, predictor, support, images }: Parts, config: NNCLRConfig): StepParts {
  return {
    // Each view is a pass of its own, with batch statistics of its own (algorithm 1).
    encode({ views }) {
      const [one, two] = views.map(view => {
        const features = backbone(view); //             [B, D]
        const projections = head(features); //          [B, P]
        return { features, projections, predictions: predictor(projections) };
      });
      return {
        features1: one!.features,
        features2: two!.features,
        z1: stopGradient(l2Normalize(one!.projections)),
        z2: stopGradient(l2Normalize(two!.projections)),
        p1: one!.predictions,
        p2: two!.predictions,
      };
    },
    loss({ features1, features2, z1, z2, p1, p2 }, { indices }) {
      const { world } = stepContext();
      const candidates = support.read(); //             [K, P]
      const [near1, near2] = [z1!, z2!].map(z => nearestNeighbours(z, candidates));
      const loss = nnclrLoss(near1!.rows, p2!, config)
        .add(nnclrLoss(near2!.rows, p1!, config))
        .div(2);
      const own = tf.cast(indices, 'float32').add(FIRST_IMAGE).expandDims(1); // [B, 1]
      const ownNeighbours = tf.cast(tf.gather(images.read(), near1!.places).equal(own), 'float32').mean();
      support.enqueue(world.gather(z1!));
      images.enqueue(world.gather(own));
      return {
        loss,
        features: tf.concat([features1!, features2!]),
        metrics: { distinctNeighbours: distinct(near1!.places), ownNeighbours },
      };
    },
  };
}

/** Of `[B]` places: how many there are, as a share of B. */
function distinct(places: Tensor): Tensor {
  const count = places.shape[0]!;
  const sorted = tf.topk(tf.cast(places, 'float32') as ReturnType<typeof tf.tensor1d>, count).values;
  const [from, to] = [tf.slice(sorted, 0, count - 1), tf.slice(sorted, 1, count - 1)];
  return tf.cast(from.notEqual(to), 'float32').sum().add(1).div(count);
}
