import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { hostRng } from '../host-rng.ts';
import { blockWiseMask } from './block-wise.ts';
import type { Mask } from './mask.ts';
import { multiBlockMask } from './multi-block.ts';
import { randomMask } from './random.ts';

/** What the official generators drew; written by `scripts/parity/masks.py`. */
const official = JSON.parse(readFileSync(new URL('../__fixtures__/masks.json', import.meta.url), 'utf8')) as {
  readonly multiBlock: Readonly<
    Record<'targetTokens' | 'targetHeight' | 'targetWidth' | 'cutContextTokens', number> &
      Record<'cutContextCoverage' | 'targetCoverage', readonly number[]>
  >;
  readonly blockWise: { readonly coverage: readonly number[]; readonly border: number };
};

const N = 4000;
const grid = [14, 14] as const;
const tokens = grid[0] * grid[1];

function draws<P extends string>(mask: Mask<P>, n = N): Record<P, Int32Array>[] {
  return Array.from({ length: n }, (_, index) => mask.draw(hostRng(1, 2, index)));
}

/** The share of draws in which each token is in a part. */
function coverage(parts: readonly Int32Array[]): number[] {
  const counts = Array<number>(tokens).fill(0);
  for (const part of parts) for (const token of part) counts[token]! += 1 / parts.length;
  return counts;
}

function largestGap(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function isRising(part: Int32Array): boolean {
  return part.every((token, i) => token >= 0 && token < tokens && (i === 0 || token > part[i - 1]!));
}

const kinds = {
  random: randomMask({ tokens }),
  blockWise: blockWiseMask({ grid }),
  multiBlock: multiBlockMask({ grid }),
};

describe.each(Object.entries(kinds))('%s masks', (_name, mask: Mask<string>) => {
  test('have the same lengths for every image', () => {
    for (const drawn of draws(mask, 500)) {
      expect(Object.fromEntries(Object.entries(drawn).map(([part, { length }]) => [part, length]))).toEqual(
        mask.lengths,
      );
    }
  });

  test('follow from seed, epoch and index alone', () => {
    const [one, again, other, later] = [
      mask.draw(hostRng(1, 2, 3)),
      mask.draw(hostRng(1, 2, 3)),
      mask.draw(hostRng(1, 2, 4)),
      mask.draw(hostRng(1, 3, 3)),
    ];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    expect(later).not.toEqual(one);
  });
});

describe('random masks', () => {
  test('hide three quarters, every token equally often, and give the way back', () => {
    const all = draws(kinds.random);
    expect(kinds.random.lengths).toEqual({ visible: 49, masked: 147, restore: 196 });
    for (const { visible, masked, restore } of all.slice(0, 200)) {
      expect(isRising(visible) && isRising(masked)).toBe(true);
      const joined = [...visible, ...masked];
      expect(Array.from(restore, place => joined[place])).toEqual(Array.from({ length: tokens }, (_, i) => i));
    }
    const spread = 4 * Math.sqrt((0.75 * 0.25) / N);
    expect(largestGap(coverage(all.map(({ masked }) => masked)), Array(tokens).fill(0.75))).toBeLessThan(spread);
  });

  test('must leave something to see and something to hide', () => {
    expect(() => randomMask({ tokens: 3, ratio: 0.9 })).toThrow(ConfigError);
    expect(() => randomMask({ tokens: 196, ratio: 0 })).toThrow(/tokens that stay visible .* got 196/);
    expect(() => randomMask({ tokens: 196, ratios: 0.5 } as never)).toThrow(/got 'ratios'/);
  });
});

describe('block-wise masks', () => {
  const all = draws(kinds.blockWise);

  test('hide 75 of 196 tokens and show the others', () => {
    for (const { masked, visible } of all.slice(0, 500)) {
      expect(isRising(masked) && isRising(visible)).toBe(true);
      expect(new Set([...masked, ...visible]).size).toBe(tokens);
    }
    expect(kinds.blockWise.lengths).toEqual({ masked: 75, visible: 121 });
    expect(blockWiseMask({ grid: [16, 16] }).lengths.masked).toBe(98);
  });

  test('lie where those of the official generator lie, and are as compact', () => {
    expect(largestGap(coverage(all.map(({ masked }) => masked)), official.blockWise.coverage)).toBeLessThan(0.035);
    const border = mean(all.map(({ masked }) => borderOf(masked)));
    // The single tokens that fill masks up to 75 make them a little more ragged.
    expect(Math.abs(border - official.blockWise.border)).toBeLessThan(3);
  });

  test('settings are checked', () => {
    expect(() => blockWiseMask({ grid: [14, 14.5] })).toThrow(/grid must be .* got \[14,14.5\]/);
    expect(() => blockWiseMask({ grid, masked: 196 })).toThrow(ConfigError);
    expect(() => blockWiseMask({ grid, aspect: [2, 1] })).toThrow(/aspect/);
  });
});

/** Pairs of neighbours of which one is masked. */
function borderOf(masked: Int32Array): number {
  const set = new Set(masked);
  let pairs = 0;
  for (let token = 0; token < tokens; token++) {
    if (token % 14 < 13 && set.has(token) !== set.has(token + 1)) pairs++;
    if (token + 14 < tokens && set.has(token) !== set.has(token + 14)) pairs++;
  }
  return pairs;
}

describe('multi-block masks', () => {
  const mask = kinds.multiBlock;
  const { context: contextTokens } = mask.lengths;
  const targetTokens = mask.lengths.targets / 4;
  const all = draws(mask);
  const blocks = all.flatMap(({ targets }) =>
    [0, 1, 2, 3].map(i => targets.slice(i * targetTokens, (i + 1) * targetTokens)),
  );

  test('the context never holds a token of a target', () => {
    for (const { context, targets } of all.slice(0, 500)) {
      const hidden = new Set(targets);
      expect(isRising(context) && context.every(token => !hidden.has(token))).toBe(true);
    }
  });

  test('targets are blocks: whole rows side by side, of which the last may end early', () => {
    for (const block of blocks.slice(0, 500)) {
      const [rows, columns] = [block.map(token => Math.floor(token / 14)), block.map(token => token % 14)];
      const width = Math.max(...columns) - Math.min(...columns) + 1;
      const expected = Array.from(
        { length: targetTokens },
        (_, i) => block[0]! + Math.floor(i / width) * 14 + (i % width),
      );
      expect(Array.from(block)).toEqual(expected);
      const height = Math.max(...rows) - Math.min(...rows) + 1;
      expect(height / width).toBeGreaterThan(0.7);
      expect(height / width).toBeLessThan(1.5);
    }
  });

  test('sizes, proportions and places are close to those of the official collator', () => {
    const { multiBlock } = official;
    expect(Math.abs(targetTokens - multiBlock.targetTokens)).toBeLessThan(1);
    const extent = (block: Int32Array, part: (token: number) => number): number =>
      Math.max(...block.map(part)) - Math.min(...block.map(part)) + 1;
    const height = mean(blocks.map(block => extent(block, token => Math.floor(token / 14))));
    const width = mean(blocks.map(block => extent(block, token => token % 14)));
    expect(Math.abs(height - multiBlock.targetHeight)).toBeLessThan(0.45);
    expect(Math.abs(width - multiBlock.targetWidth)).toBeLessThan(0.45);
    expect(largestGap(coverage(blocks), multiBlock.targetCoverage)).toBeLessThan(0.05);
    // The official context ends where that of the smallest of its batch of 128 ends.
    expect(Math.abs(contextTokens - multiBlock.cutContextTokens)).toBeLessThan(3);
    const contexts = coverage(all.map(({ context }) => context));
    const gap = mean(contexts.map((share, i) => Math.abs(share - multiBlock.cutContextCoverage[i]!)));
    expect(gap).toBeLessThan(0.03);
  });

  test('the last row and column are reached where that is wanted, and not as the official code is', () => {
    const reached = (lastLine: boolean): Set<number> =>
      new Set(
        draws(multiBlockMask({ grid, lastLine }), 300).flatMap(({ targets, context }) => [...targets, ...context]),
      );
    expect([...reached(false)].some(token => token % 14 === 13 || token >= 182)).toBe(false);
    expect([...reached(true)].filter(token => token % 14 === 13 || token >= 182).length).toBeGreaterThan(20);
  });

  test('the number of context tokens can be set, and one that is hardly ever left over is refused', () => {
    expect(draws(multiBlockMask({ grid, contextTokens: 80 }), 50).every(({ context }) => context.length === 80)).toBe(
      true,
    );
    expect(() => multiBlockMask({ grid, contextTokens: 120 })).toThrow(
      /got 120, where half of them leave \d+; lower it/,
    );
    expect(() => multiBlockMask({ grid: [6, 6], targets: 40 })).toThrow(
      /targets must leave tokens to the context; got 40 blocks of 6 in 6 x 6, .* set contextTokens to draw those masks anew/,
    );
    expect(() => multiBlockMask({ grid: [4, 4], targetScale: [0.8, 0.9] })).toThrow(/must fit a grid of 4 x 4/);
    expect(() => multiBlockMask({ grid, targetScale: [0.2, 0.1] })).toThrow(ConfigError);
  });
});
