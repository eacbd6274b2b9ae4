/** The weights and pictures of `scripts/parity/formula.py`: full-size networks are compared without a file of weights. */
import { loadTorch, torchShape } from '../io/layout.ts';
import { type Members, stateOf } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

function seedOf(name: string): number {
  return [...Buffer.from(name)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0);
}

/** Uniform in `[0, 1)`: element `i` of the tensor called `name`. */
function unit(seed: number, i: number): number {
  // Signed 32-bit all the way: the bits are the same, and the values stay small integers to the compiler.
  let x = (seed + Math.imul(i, 0x9e3779b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  x ^= x >>> 16;
  return (x >>> 8) / 16777216;
}

/** The weight is `offset + scale · u`: by the tensor's name and its shape in PyTorch. */
function rangeOf(
  name: string,
  shape: readonly number[],
  names: ReadonlySet<string>,
): readonly [offset: number, scale: number] {
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  const symmetric = (bound: number): readonly [number, number] => [-bound, 2 * bound];
  if (shape.length === 4) return symmetric(Math.sqrt(6 / fanIn));
  if (shape.length === 2) return symmetric(Math.sqrt(3 / fanIn));
  if (name.endsWith('running_var')) return [0.5, 1];
  if (name.endsWith('running_mean') || name.endsWith('.bias')) return symmetric(0.2);
  const block = /^(layer\d\.\d+)\.bn([23])\.weight$/.exec(name);
  const last = block !== null && (block[2] === '3' || !names.has(`${block[1]}.bn3.weight`));
  return last ? [0.05, 0.1] : [0.5, 1];
}

/** Overwrites every variable. Formulas count elements in PyTorch's layout. */
export function fillByFormula(members: Members): void {
  const state = stateOf(members);
  const names = new Set(state.keys());
  for (const [name, variable] of state) {
    const seed = seedOf(name);
    const [offset, scale] = rangeOf(name, torchShape(variable), names);
    const values = new Float32Array(variable.size);
    for (let i = 0; i < values.length; i++) values[i] = offset + scale * unit(seed, i); // up to 60 million
    loadTorch(variable, values);
  }
}

/** `[B, H, W, 3]` */
export function pictureByFormula(batch: number, height: number, width: number): Tensor {
  const seed = seedOf('input');
  const values = Float32Array.from(
    { length: batch * height * width * 3 },
    (_, i) => (2 * unit(seed, i) - 1) * Math.sqrt(3),
  );
  return tf.tensor(values, [batch, height, width, 3]);
}
