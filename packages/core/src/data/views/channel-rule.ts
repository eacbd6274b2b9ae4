/** What becomes of ops that need red, green and blue on pictures that have other channels: the one place that says so. */
import { ConfigError } from '../../errors.ts';
import { everyView, known, type ViewPlan } from './plan.ts';
import type { ViewOp } from './registry.ts';

/**
 * `applies`: as on colour pictures. `partly`: all but the settings in `without`. `skipped`: pictures stay as they are.
 * `refused`: the plan is wrong for such pictures.
 */
export type ChannelRule =
  | { readonly rule: 'applies' | 'skipped' | 'refused' }
  | { readonly rule: 'partly'; readonly without: readonly string[] };

/**
 * What an op of a checked plan does on pictures of so many channels. Three channels are red, green and blue; any other number has
 * no colour.
 * - An op that needs no colour applies.
 * - One of several parts (`colorJitter`) goes without those that need colour.
 * - One that is all about colour is skipped: a view without it is one that the plan draws anyway, with probability `1 - p`.
 * - It is refused where it has `p = 1` or no `p`, since then no view would be what the plan says. Grey pictures of one channel are
 *   excepted where the op leaves grey as it is (`grayscale`): there nothing is lost.
 */
export function channelRule(op: ViewOp, channels: number): ChannelRule {
  const { colors = 'any', greyStays } = known(op);
  if (channels === 3 || colors === 'any') return { rule: 'applies' };
  if (typeof colors === 'function') {
    const without = colors(op);
    return without.length > 0 ? { rule: 'partly', without } : { rule: 'applies' };
  }
  const always = !('p' in op) || op.p === 1;
  return { rule: always && !(channels === 1 && greyStays) ? 'refused' : 'skipped' };
}

/** Whether the op leaves pictures of so many channels as they are. */
export function skips(op: ViewOp, channels: number): boolean {
  return channelRule(op, channels).rule === 'skipped';
}

/** @throws ConfigError when an op of the plan has no meaning on so many channels. */
export function checkChannels(plan: ViewPlan, channels: number): void {
  for (const op of everyView(plan).flatMap(({ ops }) => ops)) {
    if (channelRule(op, channels).rule !== 'refused') continue;
    throw new ConfigError(
      `views: ${op.op} changes every view and needs the 3 channels red, green and blue; got pictures of ${channels}; ` +
        'take it out of the plan or give it a p below 1',
    );
  }
}

/**
 * One line for each op of a plan that does not do on such pictures what it does on colour ones, to be printed before a run.
 * @returns no line where everything applies.
 */
export function describeChannelRules(plan: ViewPlan, channels: number): string[] {
  const lines = everyView(plan).flatMap(({ ops }) => ops.flatMap(op => describe(op, channels)));
  return [...new Set(lines)];
}

function describe(op: ViewOp, channels: number): string[] {
  const found = channelRule(op, channels);
  const why = `pictures of ${channels} ${channels === 1 ? 'channel' : 'channels'} have no colour`;
  if (found.rule === 'partly') return [`${op.op} goes without ${found.without.join(' and ')}: ${why}`];
  if (found.rule === 'skipped') return [`${op.op} is skipped: ${why}`];
  return found.rule === 'refused' ? [`${op.op} is refused: ${why}, and it changes every view`] : [];
}
