/** What was used lately, made again when it is asked for later: open files, indexes, decoded row groups. */
export interface Recent<K, V> {
  /** Gives `work` the value of `key`, which stays valid until `work` has ended. */
  use<T>(key: K, work: (value: V) => T | Promise<T>): Promise<T>;
  /** Gives everything up, once it is no longer in use. */
  clear(): Promise<void>;
}

export interface RecentOptions<K, V> {
  /** The weights may sum to this; the one used last always stays. */
  readonly limit: number;
  readonly make: (key: K) => Promise<V>;
  /** Default: 1 each. */
  readonly weigh?: (value: V) => number;
  readonly drop?: (value: V) => Promise<void>;
}

interface Entry<V> {
  readonly value: Promise<V>;
  weight: number;
  users: number;
  /** No longer among the kept: the last user drops it. */
  out: boolean;
}

export function recent<K, V>({ limit, make, weigh = () => 1, drop }: RecentOptions<K, V>): Recent<K, V> {
  const entries = new Map<K, Entry<V>>(); // the one used last is last
  let total = 0;
  const give = async (entry: Entry<V>): Promise<void> => {
    if (entry.out && entry.users === 0) await entry.value.then(drop, () => undefined);
  };
  const putOut = (key: K, entry: Entry<V>): Promise<void> => {
    entries.delete(key);
    total -= entry.weight;
    entry.out = true;
    return give(entry);
  };
  const start = (key: K): Entry<V> => {
    const entry: Entry<V> = { value: make(key), weight: 0, users: 0, out: false };
    entries.set(key, entry);
    entry.value.then(
      value => {
        if (entry.out) return;
        entry.weight = weigh(value);
        total += entry.weight;
        for (const [oldKey, old] of entries) {
          if (total <= limit || entries.size === 1) return;
          if (old.weight > 0 && old !== entry) void putOut(oldKey, old);
        }
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key); // the next to ask tries again
      },
    );
    return entry;
  };
  return {
    async use(key, work) {
      const found = entries.get(key);
      if (found) {
        entries.delete(key);
        entries.set(key, found);
      }
      const entry = found ?? start(key);
      entry.users++;
      try {
        return await work(await entry.value);
      } finally {
        entry.users--;
        void give(entry);
      }
    },
    async clear() {
      await Promise.all([...entries].map(([key, entry]) => putOut(key, entry)));
    },
  };
}
