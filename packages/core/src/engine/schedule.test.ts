import { describe, expect, test } from 'vitest';
import { bytesField } from './config-proto.ts';
import { withOrder } from './function-def.ts';
import { RecordedOps } from './recorded-ops.ts';
import { type RecordedOp, schedule } from './schedule.ts';

const op = (...needs: number[]): RecordedOp => ({ needs, frees: false });
const frees = (...needs: number[]): RecordedOp => ({ needs, frees: true });

describe('the order of ops', () => {
  test.each<[string, RecordedOp[], number[]]>([
    ['is the one they were recorded in', [op(), op(), op(0), op(1)], [0, 1, 2, 3]],
    ['has what frees memory right behind what it needs', [op(), op(0), op(1), frees(0)], [0, 3, 1, 2]],
    ['has what runs for its sake alone there too', [op(), op(0), op(1), op(), op(3, 0), frees(4)], [0, 3, 4, 5, 1, 2]],
    ['leaves what others use as well where it is', [op(), op(0), op(0), frees(2), op(2)], [0, 1, 2, 3, 4]],
    ['has one that needs another behind it', [op(), op(0), frees(0), frees(2, 0)], [0, 2, 3, 1]],
    ['has one that needs everything at the end', [op(), op(0), op(1), frees(0, 1, 2)], [0, 1, 2, 3]],
    ['has one that needs nothing at the start', [op(), op(0), frees()], [2, 0, 1]],
  ])('%s', (_, ops, order) => {
    expect(schedule(ops)).toEqual(order);
  });

  test('has every op behind those that it needs, whatever they are', () => {
    let seed = 1;
    const draw = (below: number): number => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    for (let round = 0; round < 200; round++) {
      const ops = Array.from({ length: 30 }, (_, i) => ({
        needs: i === 0 ? [] : Array.from({ length: draw(3) }, () => draw(i)),
        frees: draw(4) === 0,
      }));
      const at = new Map(schedule(ops).map((number, place) => [number, place]));
      expect(at.size).toBe(ops.length);
      for (const [i, { needs }] of ops.entries())
        for (const need of needs) expect(at.get(need)).toBeLessThan(at.get(i)!);
    }
  });
});

describe('recorded ops', () => {
  const names = (ops: RecordedOps, results: readonly bigint[] = []): string[] => {
    const before = ops.chain(results);
    const after = new Map([...before].map(([name, previous]) => [previous, name]));
    const order = [[...after.keys()].find(name => !before.has(name))!];
    for (let next = after.get(order[0]!); next !== undefined; next = after.get(next)) order.push(next);
    return order;
  };
  const weight = 7;

  test('update a variable behind its gradient, but not before all have used what was read of it', () => {
    const ops = new RecordedOps();
    ops.addRead(weight, 1n, []);
    ops.add({ oper: 2n, name: 'forward', after: [1n], frees: false });
    ops.add({ oper: 3n, name: 'gradient', after: [2n], frees: false });
    ops.add({ oper: 4n, name: 'gradient of the input', after: [2n, 1n], frees: false });
    ops.add({ oper: 5n, name: 'layer before', after: [4n], frees: false });
    ops.addRead(weight, 6n, []);
    ops.add({ oper: 7n, name: 'decay', after: [6n], frees: false });
    ops.add({ oper: 8n, name: 'sum', after: [7n, 3n], frees: false });
    ops.addWrite([weight], { oper: 9n, name: 'update', after: [1n, 6n, 8n] });
    expect(names(ops, [5n])).toEqual([
      'forward',
      'gradient of the input',
      'gradient',
      'decay',
      'sum',
      'update',
      'layer before',
    ]);
  });

  test('read what was written', () => {
    const ops = new RecordedOps();
    ops.add({ oper: 1n, name: 'value', after: [], frees: false });
    ops.addWrite([weight], { oper: 2n, name: 'first', after: [1n] });
    ops.addRead(weight, 3n, [2n]);
    ops.add({ oper: 4n, name: 'use', after: [3n], frees: false });
    ops.addWrite([weight], { oper: 5n, name: 'second', after: [2n, 3n] });
    expect(names(ops)).toEqual(['value', 'first', 'use', 'second']);
  });

  test('are left out where neither a result nor a write needs them', () => {
    const ops = new RecordedOps();
    ops.add({ oper: 1n, name: 'value', after: [], frees: false });
    ops.add({ oper: 2n, name: 'for nobody', after: [1n], frees: false });
    ops.add({ oper: 3n, name: 'result', after: [1n], frees: false });
    ops.add({ oper: 4n, name: 'new weight', after: [1n], frees: false });
    ops.addWrite([weight], { oper: 5n, name: 'update', after: [4n] });
    expect(names(ops, [3n]).sort()).toEqual(['new weight', 'result', 'update', 'value']);
  });
});

describe('a function in its serialised form', () => {
  const node = (name: string, ...inputs: string[]): Buffer =>
    bytesField(
      3,
      Buffer.concat([bytesField(1, name), bytesField(2, 'Op'), ...inputs.map(input => bytesField(3, input))]),
    );
  const [signature, result] = [bytesField(1, 'signature'), bytesField(4, 'x'.repeat(300))];

  test('has each op wait for the one before', () => {
    const given = Buffer.concat([signature, node('a'), node('b', 'a:y:0'), result]);
    const wanted = Buffer.concat([signature, node('a', '^b'), node('b', 'a:y:0'), result]);
    expect(withOrder(given, new Map([['a', 'b']])).equals(wanted)).toBe(true);
  });

  test('must know the ops by their names', () => {
    expect(() => withOrder(Buffer.concat([signature, node('a')]), new Map([['b', 'a']]))).toThrow(
      'compile: all 1 ops must keep their names in the function; got 0 of them',
    );
  });
});
