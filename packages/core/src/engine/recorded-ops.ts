/** Keeps account of the ops of a function while they are recorded, for the order in which they shall run. */
import type { Pointer } from './ffi.ts';
import { type RecordedOp, schedule } from './schedule.ts';

export interface OpToRecord {
  readonly oper: Pointer;
  /** Its name in the graph. */
  readonly name: string;
  /** The nodes whose results it takes, and others that it waits for. */
  readonly after: readonly Pointer[];
  readonly frees: boolean;
}

export class RecordedOps {
  readonly #ops: RecordedOp[] = [];
  readonly #names: string[] = [];
  /** What a node stands for: its own number; of a read, the write before it. Constants and arguments stand for nothing. */
  readonly #numbers = new Map<Pointer, readonly number[]>();
  /** By the node of a read, who uses what was read. */
  readonly #users = new Map<Pointer, number[]>();
  /** By variable, the reads since it was last written. */
  readonly #reads = new Map<number, Pointer[]>();
  readonly #writes: number[] = [];

  add({ oper, name, after, frees }: OpToRecord): void {
    const number = this.#ops.length;
    for (const node of after) this.#users.get(node)?.push(number);
    this.#push(oper, name, this.#standFor(after), frees);
  }

  /** A read is no op of its own here: it takes no memory and no time. */
  addRead(variable: number, oper: Pointer, after: readonly Pointer[]): void {
    this.#numbers.set(oper, this.#standFor(after));
    this.#users.set(oper, []);
    this.#reads.set(variable, [...(this.#reads.get(variable) ?? []), oper]);
  }

  /** A write also comes after all that use what was read before: it would have to copy the variable otherwise. */
  addWrite(variables: readonly number[], { oper, name, after }: Omit<OpToRecord, 'frees'>): void {
    const reads = variables.flatMap(variable => this.#reads.get(variable) ?? []);
    const users = reads.flatMap(read => this.#users.get(read) ?? []);
    this.#writes.push(this.#ops.length);
    this.#push(oper, name, [...this.#standFor(after), ...users], true);
    for (const variable of variables) this.#reads.delete(variable);
  }

  /**
   * By the name of each op but the first, the op that runs before it. Those that neither the nodes in `results` nor a write need are left out:
   * the library does not run them then.
   */
  chain(results: readonly Pointer[]): Map<string, string> {
    const needed = this.#neededFor([...this.#standFor(results), ...this.#writes]);
    const order = schedule(this.#ops).filter(number => needed.has(number));
    return new Map(order.slice(1).map((number, i) => [this.#names[number]!, this.#names[order[i]!]!]));
  }

  #neededFor(numbers: readonly number[]): Set<number> {
    const found = new Set(numbers);
    for (const number of found) for (const need of this.#ops[number]!.needs) found.add(need); // grows while it is gone through
    return found;
  }

  #push(oper: Pointer, name: string, needs: readonly number[], frees: boolean): void {
    this.#numbers.set(oper, [this.#ops.length]);
    this.#ops.push({ needs: [...new Set(needs)], frees });
    this.#names.push(name);
  }

  #standFor(nodes: readonly Pointer[]): number[] {
    return nodes.flatMap(node => this.#numbers.get(node) ?? []);
  }
}
