/** The order of axes in PyTorch's files and in memory here. */
import type { Variable } from '../tensor/variable.ts';

/** Row-major values with their axes in another order: axis `i` of the result is axis `axes[i]` of `values`. */
export function permute<T extends Float32Array | Int32Array>(
  values: T,
  shape: readonly number[],
  axes: readonly number[],
): T {
  if (axes.length < 2) return values.slice() as T;
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const lengths = axes.map(axis => shape[axis]!);
  const steps = axes.map(axis => strides[axis]!);
  const result = new (values.constructor as new (length: number) => T)(values.length);
  const inner = lengths.length - 1;
  const place = lengths.map(() => 0);
  let from = 0;
  for (let to = 0; to < values.length; ) {
    for (let i = 0; i < lengths[inner]!; i++) result[to++] = values[from + i * steps[inner]!]!;
    for (let axis = inner - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < lengths[axis]!) break;
      from -= steps[axis]! * lengths[axis]!;
      place[axis] = 0;
    }
  }
  return result;
}

/** The order that undoes `axes`. */
export function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}

/** A variable's shape in PyTorch. */
export function torchShape({ shape, torchAxes }: Pick<Variable, 'shape' | 'torchAxes'>): readonly number[] {
  return torchAxes ? torchAxes.map(axis => shape[axis]!) : shape;
}

/** Replaces a variable's values by those of PyTorch's tensor, row-major. */
export function loadTorch(variable: Variable, values: Float32Array | Int32Array): void {
  const { torchAxes } = variable;
  variable.load(torchAxes ? permute(values, torchShape(variable), inverse(torchAxes)) : values);
}
