import { expect, test } from 'vitest';
import { inOrder, inUse } from './in-flight.ts';

const manual = (): { promise: Promise<string>; end: (value: string) => void; fail: (error: Error) => void } => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { promise, end: resolve, fail: reject };
};
const soon = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

test('runs that share a variable follow one another, others do not wait', async () => {
  const started: string[] = [];
  const start = (name: string, promise: Promise<string>) => (): Promise<string> => {
    started.push(name);
    return promise;
  };
  const [a, b, c] = [manual(), manual(), manual()];
  const first = inOrder([1, 2], start('a', a.promise));
  const second = inOrder([2, 3], start('b', b.promise));
  const third = inOrder([4], start('c', c.promise));
  expect(started).toEqual(['a', 'c']); // at once
  expect([1, 2, 3, 4, 5].map(inUse)).toEqual([true, true, true, true, false]);
  c.end('c');
  await third;
  expect([3, 4].map(inUse)).toEqual([true, false]);
  a.end('a');
  await first;
  await soon();
  expect(started).toEqual(['a', 'c', 'b']);
  expect([1, 2].map(inUse)).toEqual([false, true]);
  b.end('b');
  expect(await second).toBe('b');
  await soon();
  expect([2, 3].map(inUse)).toEqual([false, false]);
});

test('one that fails lets the next go on', async () => {
  const [a, b] = [manual(), manual()];
  const first = inOrder([1], () => a.promise);
  const second = inOrder([1], () => b.promise);
  a.fail(new Error('no'));
  await expect(first).rejects.toThrow('no');
  b.end('b');
  expect(await second).toBe('b');
  await soon();
  expect(inUse(1)).toBe(false);
});

test('only a few run at once, the others in their turn', async () => {
  const all = Array.from({ length: 10 }, manual);
  let running = 0;
  let most = 0;
  const results = all.map(({ promise }) =>
    inOrder([], async () => {
      most = Math.max(most, ++running);
      try {
        return await promise;
      } finally {
        running--;
      }
    }),
  );
  expect(running).toBe(3);
  for (const [i, { end, fail }] of all.entries()) {
    if (i % 2) end(`${i}`);
    else fail(new Error(`${i}`));
    await soon();
  }
  const settled = await Promise.allSettled(results);
  expect(settled.map(({ status }) => status === 'fulfilled')).toEqual(all.map((_, i) => i % 2 === 1));
  expect(most).toBeLessThanOrEqual(3);
});
