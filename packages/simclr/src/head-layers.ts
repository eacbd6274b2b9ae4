/** The first layers of a projection head, and the classifier that takes the place of the rest. */
import {
  addBias,
  ConfigError,
  type Module,
  matMul,
  module,
  normal,
  type Rng,
  relu,
  sequential,
  type Tensor,
  tf,
  Variable,
} from '@ssl/core';
import { variable } from '@ssl/core/nn';

/** Deviation of a classifier that does not start at 0: model_util.py, linear_layer. */
const DEVIATION = 0.01;

type Part = Module | ((x: Tensor) => Tensor);

interface Layer {
  readonly inputs: number;
  /** The linear map and the norm after it, where there is one. */
  readonly parts: readonly Module[];
  readonly width: number;
}

export interface KeptLayers {
  /** The layers with their own variables, named as in the head; none for 0. `[B, D]` → `[B, width]` */
  readonly head: Module | undefined;
  readonly width: number;
}

/**
 * The first `count` layers of a head as core's `mlp` makes it: linear maps, each with its norm and, but for the last, a ReLU. They are the
 * head's own, not copies.
 * @throws ConfigError when the head has fewer, or is made otherwise
 */
export function firstLayers(who: string, dim: number, head: Module | undefined, count: number): KeptLayers {
  const layers = head ? layersOf(who, head) : [];
  if (!Number.isInteger(count) || count < 0 || count > layers.length) {
    throw new ConfigError(
      `${who}: fromLayer must be a whole number from 0 to ${layers.length}, the layers of the projection head; got ${count}`,
    );
  }
  if (layers.length > 0 && layers[0]!.inputs !== dim) {
    throw new ConfigError(
      `${who}: the head must take the backbone's ${dim} features; got one for ${layers[0]!.inputs}; give the head that was trained with it`,
    );
  }
  if (count === 0) return { head: undefined, width: dim };
  const kept = layers.slice(0, count);
  const parts = kept.flatMap(({ parts }, i): Part[] => (i + 1 < layers.length ? [...parts, relu] : [...parts]));
  return { head: sequential(...parts), width: kept.at(-1)!.width };
}

function layersOf(who: string, head: Module): Layer[] {
  const layers: { inputs: number; parts: Module[]; width: number }[] = [];
  for (const member of Object.values(head.members ?? {})) {
    const weight = member instanceof Variable ? undefined : member.members.weight;
    if (member instanceof Variable || (weight && !(weight instanceof Variable))) break;
    const [inputs, width, ...others] = weight?.shape ?? [];
    if (inputs && width && others.length === 0) layers.push({ inputs, parts: [member], width });
    else layers.at(-1)?.parts.push(member);
  }
  const found = layers.reduce((sum, { parts }) => sum + parts.length, 0);
  if (found > 0 && found === Object.keys(head.members).length) return layers;
  throw new ConfigError(
    `${who}: the head must be linear layers with norms, as mlp() makes it; got other members; give the method that simclr() made`,
  );
}

/** A linear classifier. `[B, inputs]` → `[B, classes]` logits */
export function linearClassifier(
  inputs: number,
  classes: number,
  { rng, zeroInit }: { readonly rng: Rng; readonly zeroInit: boolean },
): Module {
  const shape = [inputs, classes];
  const initial = (): Tensor => (zeroInit ? tf.zeros(shape) : normal(rng, shape, 0, DEVIATION));
  const weight = variable(initial, { torchAxes: [1, 0] });
  const bias = variable(() => tf.zeros([classes]), {});
  return module(x => addBias(matMul(x, weight.read()), bias.read()), { weight, bias });
}
