/** A layer or network: something to call, with named parts. */
import { ShapeError } from '../errors.ts';
import { type Tensor, tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';

export type Members = Readonly<Record<string, Module | Variable>>;

/**
 * A callable with named members. Names follow timm and torchvision, so that the path of a variable
 * (`layer1.0.conv1.weight`) is its name in their state dicts.
 */
export interface Module {
  (x: Tensor): Tensor;
  readonly members: Members;
}

export function module(call: (x: Tensor) => Tensor, members: Members): Module {
  return Object.assign((x: Tensor) => call(x), { members });
}

/** Members under one name of the state dict, and no more: called, it gives back what it is given. */
export function group(members: Members): Module {
  return module(x => x, members);
}

/** Modules in a row, named `0`, `1`, …; functions without state may stand between them. */
export function sequential(...parts: readonly (Module | ((x: Tensor) => Tensor))[]): Module {
  const members = Object.fromEntries(parts.flatMap((part, i) => ('members' in part ? [[String(i), part]] : [])));
  return module(x => parts.reduce((value, part) => part(value), x), members);
}

/** All variables of a tree of members by their dotted path, in order; each takes its path as its name. */
export function stateOf(members: Members, prefix = ''): Map<string, Variable> {
  const state = new Map<string, Variable>();
  for (const [key, member] of Object.entries(members)) {
    const path = `${prefix}${key}`;
    if (member instanceof Variable) {
      member.name = path;
      state.set(path, member);
    } else {
      for (const [name, variable] of stateOf(member.members, `${path}.`)) state.set(name, variable);
    }
  }
  return state;
}

/** The variables trained by gradient, in order. */
export function parametersOf(members: Members): Variable[] {
  return [...stateOf(members).values()].filter(({ kind }) => kind === 'param');
}

/** Gives every variable of `target` the value of the one at the same place in `source`. Throws `ShapeError` when they are not alike. */
export function copyValues(target: Members, source: Members): void {
  for (const [to, from] of pairs('copyValues', target, source)) to.load(from.values());
}

/**
 * An exponential moving average (mean teacher, arXiv:1703.01780): each parameter of `target` becomes
 * `momentum · target + (1 − momentum) · source`, in place. Statistics of norms are left alone: those of a teacher are its own, as in
 * MoCo (`moco/builder.py`) and BYOL (`byol_experiment.py`).
 * @param momentum scalar in [0, 1]
 */
export function moveTowards(target: Members, source: Members, momentum: Tensor): void {
  const rest = tf.scalar(1).sub(momentum);
  for (const [to, from] of pairs('moveTowards', target, source)) {
    if (to.kind === 'param') to.assign(to.read().mul(momentum).add(from.read().mul(rest)));
  }
}

function pairs(who: string, target: Members, source: Members): (readonly [to: Variable, from: Variable])[] {
  const [to, from] = [[...stateOf(target)], [...stateOf(source).values()]];
  return to.map(([name, variable], i) => {
    const other = from[i];
    if (to.length === from.length && other!.shape.join() === variable.shape.join()) return [variable, other!] as const;
    throw new ShapeError(
      `${who}: both must have the same variables; got ${to.length} and ${from.length}, ${name} [${variable.shape}] and [${other?.shape ?? 'none'}]; make them with the same options`,
    );
  });
}

/** Frees every variable. */
export function disposeMembers(members: Members): void {
  for (const variable of stateOf(members).values()) variable.dispose();
}
