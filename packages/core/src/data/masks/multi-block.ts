import { ConfigError } from '../../errors.ts';
import { type HostRng, hostRng } from '../host-rng.ts';
import { checkKeys, checkRange, checkWhole, type Range } from '../views/check.ts';
import { checkGrid, type Grid, type Mask, whereSet } from './mask.ts';

export interface MultiBlockMaskOptions {
  readonly grid: Grid;
  /** Target blocks. */
  readonly targets?: number;
  /** Tokens of a target block; when missing, the middle of `targetScale`. */
  readonly targetTokens?: number;
  /** Area of a target block, as a share of the image. */
  readonly targetScale?: Range;
  /** Height divided by width of a target block. */
  readonly targetAspect?: Range;
  /** Area of the context block before the targets are taken out of it. It is as wide as it is high. */
  readonly contextScale?: Range;
  /** Tokens of the context; when missing, what 99 of 100 draws have at least. */
  readonly contextTokens?: number;
  /** Whether blocks may reach the last row and column, which those of the official code never do. */
  readonly lastLine?: boolean;
}

/** Settings with all numbers filled in. */
type Rule = Required<Omit<MultiBlockMaskOptions, 'contextTokens' | 'targetScale'>>;

const [SAMPLE, SHORT, TRIES] = [2000, 0.01, 1000];
/** A context that fewer draws than this reach would take too many tries, and be a rare kind of mask. */
const LEAST_SHARE = 0.1;

/**
 * I-JEPA's masks: target blocks, and a large context block without the targets' tokens (arXiv:2301.08243 §3 and App. A;
 * facebookresearch/ijepa `src/masks/multiblock.py`, numbers of `configs/in1k_vith14_ep300.yaml`).
 *
 * The official code draws one block size for a whole batch and cuts every context to the smallest of the batch. Here the numbers are the
 * same for every image of a run: a target has `targetTokens`, a block of the drawn proportions whose last row may lack some; a context
 * that is larger than `contextTokens` is cut at its end, as there, and an image whose context is smaller is drawn anew, which by default
 * one in a hundred is (of a batch of 128 the official code takes the smallest).
 * @param options `targets`, default 4; `targetScale`, default [0.15, 0.2]; `targetAspect`, default [0.75, 1.5]; `contextScale`, default
 * [0.85, 1]; `lastLine`, default false.
 * @returns parts `context`, rising, and `targets`: all target blocks one after another, each rising. Targets may overlap each other, but
 * not the context.
 * @throws ConfigError when a setting is out of range, or so many tokens are hardly ever left for the context.
 */
export function multiBlockMask(options: MultiBlockMaskOptions): Mask<'context' | 'targets'> {
  const { rule, contextTokens } = complete(options);
  const lengths = { context: contextTokens, targets: rule.targets * rule.targetTokens };
  return {
    lengths,
    draw(rng) {
      for (let tries = 0; tries < TRIES; tries++) {
        const { context, targets } = blocks(rng, rule);
        if (context.length >= contextTokens) return { context: context.slice(0, contextTokens), targets };
      }
      throw new ConfigError(
        `multiBlockMask: contextTokens must be reached in ${TRIES} draws; got ${contextTokens}; lower it`,
      );
    },
  };
}

function complete(options: MultiBlockMaskOptions): { rule: Rule; contextTokens: number } {
  const who = 'multiBlockMask';
  const names = ['targets', 'targetTokens', 'targetScale', 'targetAspect', 'contextScale', 'contextTokens', 'lastLine'];
  checkKeys(who, options, ['grid', ...names]);
  const { grid, targets = 4, targetScale = [0.15, 0.2], targetAspect = [0.75, 1.5], lastLine = false } = options;
  const { contextScale = [0.85, 1] } = options;
  checkGrid(who, grid);
  checkWhole(who, 'targets', targets, [1, 64]);
  checkRange(who, 'targetScale', targetScale, [1e-3, 1]);
  checkRange(who, 'targetAspect', targetAspect, [1e-2, 1e2]);
  checkRange(who, 'contextScale', contextScale, [1e-3, 1]);
  const tokens = grid[0] * grid[1];
  const targetTokens =
    options.targetTokens ?? Math.max(1, Math.round(((targetScale[0] + targetScale[1]) / 2) * tokens));
  checkWhole(who, 'targetTokens', targetTokens, [1, tokens - 1]);
  const rule = { grid, targets, targetTokens, targetAspect, contextScale, lastLine };
  for (const aspect of targetAspect) {
    const { h, w } = targetShape(rule, aspect);
    if (h * w >= targetTokens && h <= most(rule, 0) && w <= most(rule, 1)) continue;
    throw new ConfigError(
      `${who}: a target of ${targetTokens} tokens and aspect ${aspect} must fit a grid of ${grid[0]} x ${grid[1]}; got ${h} x ${w}; lower targetTokens`,
    );
  }
  return { rule, contextTokens: contextOf(rule, options.contextTokens) };
}

/** The number of context tokens, from what is left over in a sample that is always the same. */
function contextOf(rule: Rule, given: number | undefined): number {
  const sizes = Array.from({ length: SAMPLE }, (_, i) => blocks(hostRng(0, 0, i), rule).context.length);
  sizes.sort((a, b) => a - b);
  const found = given ?? sizes[Math.floor(SHORT * SAMPLE)]!;
  if (given === undefined && found === 0) {
    const { targets, targetTokens, grid } = rule;
    throw new ConfigError(
      `multiBlockMask: targets must leave tokens to the context; got ${targets} blocks of ${targetTokens} in ${grid[0]} x ${grid[1]}, which leave none in one of ${1 / SHORT} draws; lower targets or targetScale, take smaller patches, or set contextTokens to draw those masks anew`,
    );
  }
  checkWhole('multiBlockMask', 'contextTokens', found, [1, rule.grid[0] * rule.grid[1]]);
  if (sizes.filter(size => size >= found).length >= LEAST_SHARE * SAMPLE) return found;
  const middle = sizes[SAMPLE / 2]!;
  throw new ConfigError(
    `multiBlockMask: contextTokens must be left over by at least one draw in ${1 / LEAST_SHARE}; got ${found}, where half of them leave ${middle}; lower it`,
  );
}

function blocks(rng: HostRng, rule: Rule): { context: Int32Array; targets: Int32Array } {
  const { grid, targets, targetTokens, targetAspect, contextScale } = rule;
  const { h, w } = targetShape(rule, rng.uniform(...targetAspect));
  const side = Math.round(Math.sqrt(Math.floor(grid[0] * grid[1] * rng.uniform(...contextScale))));
  const [rows, columns] = [Math.min(side, most(rule, 0)), Math.min(side, most(rule, 1))];
  const [from, to] = [new Uint8Array(grid[0] * grid[1]), new Int32Array(targets * targetTokens)];
  for (let i = 0; i < targets; i++) {
    to.set(place(rng, rule, h, w).slice(0, targetTokens), i * targetTokens);
  }
  for (const token of place(rng, rule, rows, columns)) from[token] = 1;
  for (const token of to) from[token] = 0;
  return { context: whereSet(from).set, targets: to };
}

/** Longest block along an axis. */
function most({ grid, lastLine }: Rule, axis: 0 | 1): number {
  return grid[axis] - (lastLine ? 0 : 1);
}

function targetShape({ targetTokens }: Rule, aspect: number): { h: number; w: number } {
  const h = Math.max(1, Math.round(Math.sqrt(targetTokens * aspect)));
  return { h, w: Math.ceil(targetTokens / h) };
}

/** The tokens of a block of `h` rows and `w` columns at a random place, row by row. */
function place(rng: HostRng, { grid: [H, W], lastLine }: Rule, h: number, w: number): number[] {
  const more = lastLine ? 1 : 0;
  const [top, left] = [rng.int(0, H - h + more), rng.int(0, W - w + more)];
  return Array.from({ length: h * w }, (_, i) => (top + Math.floor(i / w)) * W + left + (i % w));
}
