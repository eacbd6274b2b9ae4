/** A layer or network: something to call, with named parts. */
import type { Tensor } from '../tensor/tf.ts';
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

/** Frees every variable. */
export function disposeMembers(members: Members): void {
  for (const variable of stateOf(members).values()) variable.dispose();
}
