import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { type Dataset, subset } from './dataset.ts';
import { hostRng } from './host-rng.ts';
import { philox4x32 } from './philox.ts';
import { batches, epochOrder, orderOf, SHUFFLE_BUFFER, shard, shardedOrder, shardsOfRows } from './sampler.ts';

describe('philox4x32', () => {
  // Known answers published with the authors' Random123 library (tests/kat_vectors, lines "philox4x32 10").
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('gives the published words for counter %j', (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });
});

describe('hostRng', () => {
  const draws = (...stream: [number, number, number?, number?]): number[] => {
    const rng = hostRng(...stream);
    return Array.from({ length: 6 }, () => rng.uniform());
  };

  it('repeats for the same stream and differs when any of seed, epoch, index or view differs', () => {
    const base = draws(7, 1, 2, 3);
    expect(draws(7, 1, 2, 3)).toEqual(base);
    const others = [
      draws(8, 1, 2, 3),
      draws(7, 2, 2, 3),
      draws(7, 1, 3, 3),
      draws(7, 1, 2, 4),
      draws(7 + 2 ** 32, 1, 2, 3),
    ];
    for (const other of others) expect(other).not.toEqual(base);
  });

  it('draws uniforms of mean 1/2 and variance 1/12 in [low, high)', () => {
    const rng = hostRng(1, 0);
    const values = Array.from({ length: 20_000 }, () => rng.uniform(-1, 3));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(3);
    const [mean, variance] = moments(values);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
  });

  it('draws normals of the given mean and deviation', () => {
    const rng = hostRng(2, 0);
    const values = Array.from({ length: 20_000 }, () => rng.normal(3, 2));
    const [mean, variance] = moments(values);
    expect(Math.abs(mean - 3)).toBeLessThan(0.06); // four standard errors: 4 · 2/√20000
    expect(Math.abs(variance - 4)).toBeLessThan(0.16); // four standard errors: 4 · 4·√(2/20000)
    const within = values.filter(v => Math.abs(v - 3) < 2).length / values.length;
    expect(Math.abs(within - 0.6827)).toBeLessThan(0.014);
  });

  it('draws every whole number of a range equally often', () => {
    const rng = hostRng(3, 0);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) counts[rng.int(-2, 4) + 2]!++;
    // Chi-square with 5 degrees of freedom exceeds 20.5 once in a thousand.
    expect(chiSquare(counts, 1000)).toBeLessThan(20.5);
  });

  it('refuses numbers out of range', () => {
    expect(() => hostRng(-1, 0)).toThrow(ConfigError);
    expect(() => hostRng(0, 2 ** 32)).toThrow(/epoch must be a whole number/);
    expect(() => hostRng(0, 0, 0.5)).toThrow(/index/);
    expect(() => hostRng(0, 0).int(3, 3)).toThrow(/low < high/);
  });
});

describe('epochOrder', () => {
  it('is a permutation that depends on seed and epoch only', () => {
    const order = epochOrder(1000, 42, 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(epochOrder(1000, 42, 3)).toEqual(order);
    expect(epochOrder(1000, 42, 4)).not.toEqual(order);
    expect(epochOrder(1000, 43, 3)).not.toEqual(order);
  });

  it('sends every picture to every place equally often', () => {
    const size = 5;
    const epochs = 5000;
    const counts = new Array<number>(size * size).fill(0);
    for (let epoch = 0; epoch < epochs; epoch++) {
      epochOrder(size, 9, epoch).forEach((picture, place) => {
        counts[picture * size + place]!++;
      });
    }
    // 16 degrees of freedom: above 39.3 once in a thousand.
    expect(chiSquare(counts, epochs / size)).toBeLessThan(39.3);
  });

  it('leaves no more pictures in place than chance does', () => {
    const fixed = epochOrder(10_000, 5, 0).filter((picture, place) => picture === place).length;
    expect(fixed).toBeLessThan(7); // Poisson with mean 1
  });
});

describe('shardedOrder', () => {
  const sizes = [700, 0, 1300, 1000, 1, 999, 1000, 1000, 1000, 1000, 1000, 1000];
  const total = sizes.reduce((sum, size) => sum + size, 0);

  it('has each picture once, and depends on sizes, seed, epoch and buffer only', () => {
    const order = shardedOrder(sizes, 3, 5, 2000);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(total).keys()]);
    expect(shardedOrder(sizes, 3, 5, 2000)).toEqual(order);
    const others: [number[], number, number, number][] = [
      [[...sizes].reverse(), 3, 5, 2000],
      [sizes, 4, 5, 2000],
      [sizes, 3, 6, 2000],
      [sizes, 3, 5, 1000],
    ];
    for (const other of others) expect(shardedOrder(...other)).not.toEqual(order);
  });

  it('needs few shards at a time, and none again later', () => {
    const even = Array<number>(100).fill(1000);
    const order = shardedOrder(even, 1, 0, 3000);
    const first = new Map<number, number>();
    const last = new Map<number, number>();
    order.forEach((picture, place) => {
      const number = Math.floor(picture / 1000);
      if (!first.has(number)) first.set(number, place);
      last.set(number, place);
    });
    let most = 0;
    for (let place = 0; place < order.length; place += 100) {
      most = Math.max(most, even.filter((_, i) => first.get(i)! <= place && last.get(i)! >= place).length);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4 + 1); // ceil(3000 / 1000) + 1 within a buffer, and the one shared with the buffer before
  });

  it('moves pictures as far as a full permutation does, on average', () => {
    // The distance of two uniform places is a third of the size.
    const even = Array<number>(200).fill(100);
    const order = shardedOrder(even, 2, 0, 1000);
    const mean =
      order.reduce((sum, picture, place) => sum + Math.abs(picture - place), 0) / order.length / order.length;
    expect(Math.abs(mean - 1 / 3)).toBeLessThan(0.05); // 200 shards: a standard error of 0.017
  });

  it('mixes the pictures within a buffer: batches hold as many of a shard as chance gives', () => {
    // A buffer of 10 shards of 100: a batch of 100 has 10 of each on average, with the variance of draws without replacement.
    const order = shardedOrder(Array<number>(10).fill(100), 4, 0, 1000);
    let sum = 0;
    for (const batch of batches(order, 100)) {
      for (let number = 0; number < 10; number++) {
        const count = batch.filter(picture => Math.floor(picture / 100) === number).length;
        sum += (count - 10) ** 2;
      }
    }
    const variance = sum / 100;
    const expected = 100 * 0.1 * 0.9 * (900 / 999); // hypergeometric: 8.1
    expect(Math.abs(variance - expected)).toBeLessThan(4); // three standard errors of 81 free counts: 3 · 8.1 · √(2/81)
  });

  it('pairs other shards in each epoch', () => {
    const firstBuffer = (epoch: number): Set<number> =>
      new Set(
        shardedOrder(Array<number>(50).fill(10), 1, epoch, 100)
          .subarray(0, 100)
          .map(picture => Math.floor(picture / 10)),
      );
    expect(firstBuffer(0)).not.toEqual(firstBuffer(1));
    expect(firstBuffer(0).size).toBe(10);
  });

  it('refuses numbers out of range', () => {
    expect(() => shardedOrder([5, -1], 0, 0)).toThrow(/size of a shard/);
    expect(() => shardedOrder([5], 0, 0, 0)).toThrow(/buffer must be a positive/);
    expect(() => shardedOrder([2 ** 31, 2 ** 31], 0, 0)).toThrow(/sum of the sizes/);
  });
});

describe('orderOf', () => {
  const size = 4 * SHUFFLE_BUFFER;
  const shards = [SHUFFLE_BUFFER, 3 * SHUFFLE_BUFFER];

  it('shuffles shards where there are several and more pictures than a buffer, else everything', () => {
    expect(orderOf({ size, shards }, 1, 2)).toEqual(shardedOrder(shards, 1, 2));
    expect(orderOf({ size, shards, shuffleBuffer: 99 }, 1, 2)).toEqual(shardedOrder(shards, 1, 2, 99));
    const whole = epochOrder(100, 1, 2);
    expect(orderOf({ size: 100 }, 1, 2)).toEqual(whole);
    expect(orderOf({ size: 100, shards: [100], shuffleBuffer: 10 }, 1, 2)).toEqual(whole);
    expect(orderOf({ size: 100, shards: [50, 50] }, 1, 2)).toEqual(whole);
  });

  it('gives every rank its part of the same batches', () => {
    const [batch] = batches(orderOf({ size: 100, shards: [50, 50], shuffleBuffer: 20 }, 0, 0), 12);
    expect([0, 1, 2].flatMap(rank => [...shard(batch!, rank, 3)])).toEqual([...batch!]);
  });
});

describe('shardsOfRows', () => {
  it('divides the rows of a part by the shards of the whole', () => {
    expect(shardsOfRows([3, 4, 2], Uint32Array.of(0, 2, 5, 8))).toEqual([2, 1, 1]);
    expect(shardsOfRows([3, 0, 4], Uint32Array.of(3, 6, 0))).toEqual([2, 1]);
  });

  it('keeps shards and buffer in a part of a dataset', () => {
    const image = async (): Promise<never> => Promise.reject(new Error('not read'));
    const whole: Dataset = {
      name: 'w',
      size: 9,
      channels: 3,
      fingerprint: '',
      shards: [3, 4, 2],
      shuffleBuffer: 5,
      image,
    };
    expect(subset(whole, [1, 2, 7, 8])).toMatchObject({ shards: [2, 2], shuffleBuffer: 5 });
  });
});

describe('batches', () => {
  it('cuts the order without the remainder, or with it', () => {
    const order = epochOrder(10, 0, 0);
    expect(batches(order, 4).map(b => b.length)).toEqual([4, 4]);
    expect(batches(order, 4, { dropLast: false }).map(b => b.length)).toEqual([4, 4, 2]);
    expect(batches(order, 4, { dropLast: false }).flatMap(b => [...b])).toEqual([...order]);
  });

  it('gives a resumed epoch the rest that the whole epoch had', () => {
    const whole = batches(epochOrder(100, 11, 6), 8);
    const resumed = batches(epochOrder(100, 11, 6), 8).slice(5);
    expect(resumed).toEqual(whole.slice(5));
  });

  it('refuses a batch larger than the data', () => {
    expect(() => batches(epochOrder(10, 0, 0), 11)).toThrow(/larger than the data; got batch size 11 for 10 images/);
    expect(batches(epochOrder(10, 0, 0), 11, { dropLast: false })).toHaveLength(1);
    expect(() => batches(epochOrder(10, 0, 0), 0)).toThrow(ConfigError);
    expect(() => batches(new Uint32Array(0), 1, { dropLast: false })).toThrow(ConfigError);
  });
});

describe('shard', () => {
  it('gives the ranks blocks that make up the batch', () => {
    const batch = epochOrder(12, 1, 0);
    const parts = [0, 1, 2].map(rank => shard(batch, rank, 3));
    expect(parts.flatMap(p => [...p])).toEqual([...batch]);
  });

  it('refuses unequal parts and ranks that do not exist', () => {
    expect(() => shard(epochOrder(10, 0, 0), 0, 4)).toThrow(/multiple of 4/);
    expect(() => shard(epochOrder(10, 0, 0), 2, 2)).toThrow(/rank 2 of world 2/);
  });
});

function moments(values: readonly number[]): [mean: number, variance: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
}

function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
