/** What an op of a graph must wait for, so that variables are read and written in the order that was written down. */
import type { Pointer } from './ffi.ts';

interface Accesses {
  lastWrite?: Pointer;
  readers: Pointer[];
}

export class AccessOrder {
  readonly #accesses = new Map<number, Accesses>();

  /** The last write. */
  beforeRead(variable: number): Pointer[] {
    const { lastWrite } = this.#of(variable);
    return lastWrite === undefined ? [] : [lastWrite];
  }

  /** The last writes, and every read since. */
  beforeWrite(variables: readonly number[]): Pointer[] {
    return variables.flatMap(variable => [...this.beforeRead(variable), ...this.#of(variable).readers]);
  }

  didRead(variable: number, op: Pointer): void {
    this.#of(variable).readers.push(op);
  }

  didWrite(variables: readonly number[], op: Pointer): void {
    for (const variable of variables) this.#accesses.set(variable, { lastWrite: op, readers: [] });
  }

  #of(variable: number): Accesses {
    let accesses = this.#accesses.get(variable);
    if (!accesses) {
      accesses = { readers: [] };
      this.#accesses.set(variable, accesses);
    }
    return accesses;
  }
}
