import { describe, expect, it } from 'vitest';
import { recent } from './recent.ts';

describe('recent', () => {
  it('keeps what was used last, within its limit, and drops the rest once it is unused', async () => {
    const made: number[] = [];
    const dropped: number[] = [];
    const kept = recent<number, number>({
      limit: 2,
      make: async key => {
        made.push(key);
        return key;
      },
      drop: async value => void dropped.push(value),
    });
    let release = (): void => {};
    const held = kept.use(1, () => new Promise<void>(resolve => (release = resolve)));
    for (const key of [2, 3, 2, 4]) await kept.use(key, () => undefined);
    expect([made, dropped]).toEqual([[1, 2, 3, 4], [3]]); // 1 is out too, but in use
    release();
    await held;
    expect(dropped).toEqual([3, 1]);
    await kept.clear();
    expect(dropped).toEqual([3, 1, 2, 4]);
  });

  it('makes a value once for all who ask at the same time, and tries again after a failure', async () => {
    let attempts = 0;
    const kept = recent<string, string>({
      limit: 10,
      make: async key => {
        if (++attempts === 1) throw new Error('busy');
        return key;
      },
    });
    const both = await Promise.allSettled([kept.use('a', v => v), kept.use('a', v => v)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await Promise.all([kept.use('a', v => v), kept.use('a', v => v)])).toEqual(['a', 'a']);
    expect(attempts).toBe(2);
  });

  it('always keeps the one used last, however heavy', async () => {
    let made = 0;
    const kept = recent<number, number>({ limit: 5, make: async key => ++made + key, weigh: () => 100 });
    await kept.use(0, () => undefined);
    await kept.use(0, () => undefined);
    expect(made).toBe(1);
  });
});
