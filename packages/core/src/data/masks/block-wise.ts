import type { HostRng } from '../host-rng.ts';
import { checkKeys, checkRange, checkWhole, type Range } from '../views/check.ts';
import { shuffled } from '../views/jigsaw-permutations.ts';
import { checkGrid, type Grid, type Mask, whereSet } from './mask.ts';

export interface BlockWiseMaskOptions {
  readonly grid: Grid;
  /** Tokens that are masked: 75 of 196 when missing, and in proportion. */
  readonly masked?: number;
  /** Least tokens of a block, save of the last ones, for which less room is left. */
  readonly minBlock?: number;
  /** Most tokens of a block; as many as are masked when missing. */
  readonly maxBlock?: number;
  /** Height divided by width of a block, drawn uniformly on a logarithmic scale. */
  readonly aspect?: Range;
}

/** How often a block is drawn anew before no more are tried (`masking_generator.py`, `_mask`). */
const ATTEMPTS = 10;

/**
 * BEiT's masks: blocks that may overlap, until enough tokens are masked (arXiv:2106.08254, algorithm 1; microsoft/unilm
 * `beit/masking_generator.py` and its defaults in `run_beit_pretraining.py`). There an image may end with fewer masked tokens than
 * asked for, when no block fits any more; here single tokens at random are masked then, as facebookresearch/dinov3 does
 * (`dinov3/data/masking.py`, `complete_mask_randomly`).
 * @param options `minBlock`, default 16; `aspect`, default [0.3, 1 / 0.3].
 * @returns parts `masked` and `visible`, both rising.
 * @throws ConfigError when a setting is out of range.
 */
export function blockWiseMask(options: BlockWiseMaskOptions): Mask<'masked' | 'visible'> {
  const who = 'blockWiseMask';
  checkKeys(who, options, ['grid', 'masked', 'minBlock', 'maxBlock', 'aspect']);
  const { grid } = options;
  checkGrid(who, grid);
  const tokens = grid[0] * grid[1];
  const { masked = Math.round((tokens * 75) / 196), minBlock = 16, aspect = [0.3, 1 / 0.3] } = options;
  const { maxBlock = masked } = options;
  checkWhole(who, 'masked', masked, [1, tokens - 1]);
  checkWhole(who, 'minBlock', minBlock, [1, tokens]);
  checkWhole(who, 'maxBlock', maxBlock, [1, tokens]);
  checkRange(who, 'aspect', aspect, [1e-3, 1e3]);
  return {
    lengths: { masked, visible: tokens - masked },
    draw(rng) {
      const flags = new Uint8Array(tokens);
      let left = masked;
      for (let added = 1; left > 0 && added > 0; left -= added) {
        added = addBlock(flags, rng, { grid, aspect, minBlock, room: Math.min(left, maxBlock) });
      }
      if (left > 0) for (const token of freeTokens(flags, rng, left)) flags[token] = 1;
      const { set, clear } = whereSet(flags);
      return { masked: set, visible: clear };
    },
  };
}

interface BlockRule {
  readonly grid: Grid;
  readonly aspect: Range;
  readonly minBlock: number;
  /** Most tokens that may be added. */
  readonly room: number;
}

/** Masks one more block. @returns how many tokens it added; 0 where none was found that fits. */
function addBlock(flags: Uint8Array, rng: HostRng, { grid: [H, W], aspect, minBlock, room }: BlockRule): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const area = rng.uniform(minBlock, room); // towards fewer, where there is less room
    const ratio = Math.exp(rng.uniform(Math.log(aspect[0]), Math.log(aspect[1])));
    const [h, w] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (h >= H || w >= W) continue;
    const [top, left] = [rng.int(0, H - h + 1), rng.int(0, W - w + 1)];
    const block = Array.from({ length: h * w }, (_, i) => (top + Math.floor(i / w)) * W + left + (i % w));
    const added = block.filter(token => flags[token] === 0);
    if (added.length === 0 || added.length > room) continue;
    for (const token of added) flags[token] = 1;
    return added.length;
  }
  return 0;
}

function freeTokens(flags: Uint8Array, rng: HostRng, count: number): number[] {
  const { clear } = whereSet(flags);
  return Array.from(shuffled(clear.length, rng).subarray(0, count), i => clear[i]!);
}
