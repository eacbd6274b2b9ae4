import { checkKeys, checkNumber, checkWhole } from '../views/check.ts';
import { shuffled } from '../views/jigsaw-permutations.ts';
import { type Mask, whereSet } from './mask.ts';

export interface RandomMaskOptions {
  /** Tokens of an image: 196 for 14 rows and 14 columns. */
  readonly tokens: number;
  /** Share of the tokens that is masked. */
  readonly ratio?: number;
}

/**
 * MAE's masks: tokens hidden at random, every choice equally likely (arXiv:2111.06377 §3; facebookresearch/mae `models_mae.py`,
 * `random_masking`, whose number of visible tokens is rounded down as here).
 * @param options `ratio`, default 0.75.
 * @returns parts `visible` and `masked`, rising, and `restore`, `[tokens]`: the place of each token in `visible` followed by `masked`,
 * to gather them back into their order.
 * @throws ConfigError when nothing would be visible, or nothing masked.
 */
export function randomMask(options: RandomMaskOptions): Mask<'visible' | 'masked' | 'restore'> {
  checkKeys('randomMask', options, ['tokens', 'ratio']);
  const { tokens, ratio = 0.75 } = options;
  checkWhole('randomMask', 'tokens', tokens, [2, 2 ** 20]);
  checkNumber('randomMask', 'ratio', ratio, [0, 1]);
  const visible = Math.floor(tokens * (1 - ratio));
  checkWhole('randomMask', 'tokens that stay visible', visible, [1, tokens - 1]);
  return {
    lengths: { visible, masked: tokens - visible, restore: tokens },
    draw(rng) {
      const flags = new Uint8Array(tokens).fill(1);
      for (const token of shuffled(tokens, rng).subarray(0, visible)) flags[token] = 0;
      const { set, clear } = whereSet(flags);
      const restore = new Int32Array(tokens);
      for (const [place, token] of [...clear, ...set].entries()) restore[token] = place;
      return { visible: clear, masked: set, restore };
    },
  };
}
