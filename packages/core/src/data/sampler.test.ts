import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { hostRng } from './host-rng.ts';
import { philox4x32 } from './philox.ts';
import { batches, epochOrder, shard } from './sampler.ts';

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
