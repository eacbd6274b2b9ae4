import {
  fused,
  gelu,
  l2Normalize,
  type Module,
  matMul,
  module,
  type Rng,
  sequential,
  type Tensor,
  tf,
} from '@ssl/core';
import { batchNorm, linearUniform, tokenLinear, variable } from '@ssl/core/nn';

export interface DINOHeadOptions {
  readonly rng: Rng;
  readonly hiddenDim: number;
  readonly bottleneckDim: number;
  readonly outputDim: number;
  /** Linear layers before the last one. */
  readonly layers: number;
  readonly headNorm: boolean;
  readonly normLastLayer: boolean;
}

/** `[N, D]` → `[N, K]`, in two parts. */
export interface DINOHead extends Module {
  /** `[N, D]` → `[N, P]`, rows of length 1. */
  bottleneck(features: Tensor): Tensor;
  /** `[N, P]` → `[N, K]` */
  lastLayer(rows: Tensor): Tensor;
}

/**
 * The head of student and teacher (arXiv:2104.14294 §3.1; vision_transformer.py, `DINOHead`): linear layers with GELU, rows of length 1, and
 * a last layer without a bias whose weights have length 1 for each output. Names and first weights are the official code's.
 */
export function dinoHead(inputs: number, options: DINOHeadOptions): DINOHead {
  const { rng, hiddenDim, bottleneckDim, layers, headNorm } = options;
  const widths = [inputs, ...Array<number>(layers - 1).fill(hiddenDim), bottleneckDim];
  const parts = widths.slice(1).flatMap((width, i) => {
    const layer = tokenLinear(widths[i]!, width, { rng });
    return i === layers - 1 ? [layer] : [layer, ...(headNorm ? [batchNorm(width)] : []), gelu];
  });
  const mlp = layers === 1 ? (parts[0] as Module) : sequential(...parts);
  const last = lastLayerOf(options);
  const bottleneck = (features: Tensor): Tensor => l2Normalize(mlp(features));
  const head = module(features => last(bottleneck(features)), { mlp, last_layer: last });
  return Object.assign(head, { bottleneck, lastLayer: last });
}

/** Rows divided by their length, `[K, P]`, in a kernel each way: the last layer has millions of weights, and nothing but them is kept. */
const unitRows = fused(x => x!.div(lengths(x!)), {
  name: 'unit_rows',
  gradient: (dy, x) => {
    const length = lengths(x!);
    const unit = x!.div(length);
    return [dy.sub(unit.mul(dy.mul(unit).sum(1, true))).div(length)];
  },
});

function lengths(x: Tensor): Tensor {
  return x.square().sum(1, true).sqrt();
}

/** PyTorch's weight norm: each output's weights are `v / |v|`, times `g` where that is trained. */
function lastLayerOf({ rng, bottleneckDim: P, outputDim: K, normLastLayer }: DINOHeadOptions): Module {
  const v = variable(() => linearUniform(rng, [K, P], P), {});
  if (normLastLayer) return module(rows => matMul(rows, unitRows(v.read()), false, true), { weight_v: v });
  const g = variable(() => tf.ones([K, 1]), {});
  return module(rows => matMul(rows, unitRows(v.read()).mul(g.read()), false, true), { weight_g: g, weight_v: v });
}
