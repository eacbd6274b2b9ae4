/** The weights and pictures of `scripts/parity/formula.py`, bit for bit: full-size networks are compared without a file of weights. */
import { type Members, stateOf } from '../nn/module.ts';
import { type Tensor, tf } from '../tensor/tf.ts';

function seedOf(name: string): number {
  return [...Buffer.from(name)].reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

/** Uniform in `[0, 1)`: element `i` of the tensor called `name`. */
function unit(seed: number, i: number): number {
  let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  return (x >>> 8) / 16777216;
}

/** From a uniform number to the weight, by the tensor's name and its shape in PyTorch. */
function weightOf(name: string, shape: readonly number[], names: ReadonlySet<string>): (u: number) => number {
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
  if (shape.length === 4) return u => (2 * u - 1) * Math.sqrt(6 / fanIn);
  if (shape.length === 2) return u => (2 * u - 1) * Math.sqrt(3 / fanIn);
  if (name.endsWith('running_var')) return u => 0.5 + u;
  if (name.endsWith('running_mean') || name.endsWith('.bias')) return u => 0.2 * (2 * u - 1);
  const block = /^(layer\d\.\d+)\.bn([23])\.weight$/.exec(name);
  const last = block !== null && (block[2] === '3' || !names.has(`${block[1]}.bn3.weight`));
  return u => (0.5 + u) * (last ? 0.1 : 1);
}

/** Overwrites every variable. Formulas count elements in PyTorch's layout. */
export function fillByFormula(members: Members): void {
  const state = stateOf(members);
  const names = new Set(state.keys());
  for (const [name, variable] of state) {
    const { shape, torchAxes } = variable;
    const torchShape = torchAxes ? torchAxes.map(axis => shape[axis]!) : [...shape];
    const seed = seedOf(name);
    const weight = weightOf(name, torchShape, names);
    const values = new Float32Array(variable.size);
    for (let i = 0; i < values.length; i++) values[i] = weight(unit(seed, i)); // a loop: there are 60 million
    variable.load(torchAxes ? fromTorch(values, torchShape, torchAxes) : values);
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

/** Values in PyTorch's order to ours; axis `axes[k]` of ours is axis `k` there. */
function fromTorch(values: Float32Array, torchShape: readonly number[], axes: readonly number[]): Float32Array {
  const back = axes.map((_, axis) => axes.indexOf(axis));
  return tf.tidy(
    () =>
      tf
        .tensor(values, [...torchShape])
        .transpose(back)
        .dataSync() as Float32Array,
  );
}
