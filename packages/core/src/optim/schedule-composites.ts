/** Schedules made of schedules, and the rules that scale a rate to the batch. */
import { ConfigError } from '../errors.ts';
import { requireNotNegative, requireNumber, requirePositive } from './options.ts';
import { linear, type Schedule, type Span, stepsOf } from './schedule.ts';

/** A part of a sequence. Within it steps count from 0, and its length is the total. */
export interface SchedulePart {
  /** How long it lasts; left out only by the last part, which lasts for the rest of the run. */
  readonly for?: Span;
  readonly schedule: Schedule;
}

/** One schedule after the other. Throws `ConfigError` at the call when the parts are longer than the run. */
export function sequence(...parts: readonly SchedulePart[]): Schedule {
  if (parts.length === 0) throw new ConfigError('sequence: needs a part; got none; give at least { schedule }');
  parts.forEach((part, i) => {
    if (part.for === undefined) {
      if (i < parts.length - 1)
        throw new ConfigError(
          `sequence: only the last part may go without a length; part ${i} has none; give it { for }`,
        );
    } else requireNotNegative('sequence', `part ${i}'s length`, part.for);
  });
  return (step, total) => {
    const lengths = partLengths(parts, total);
    let start = 0;
    let i = 0;
    while (i < parts.length - 1 && step >= start + lengths[i]!) start += lengths[i++]!;
    return parts[i]!.schedule(step - start, lengths[i]!);
  };
}

function partLengths(parts: readonly SchedulePart[], total: number): number[] {
  requirePositive('sequence', 'total', total);
  const lengths = parts.map(part => (part.for === undefined ? 0 : stepsOf(part.for, total)));
  const sum = lengths.reduce((a, b) => a + b, 0);
  const open = parts.at(-1)!.for === undefined;
  if (sum > total || (open && sum === total)) {
    throw new ConfigError(
      `sequence: the parts must fit into the run; got ${lengths.join(' + ')} steps of ${total}; shorten them, or train longer`,
    );
  }
  if (open) lengths[lengths.length - 1] = total - sum;
  return lengths;
}

/**
 * A straight line from `from` at step 0 up to where `then` begins, then `then` for the rest of the run: the warm-up of SimCLR's
 * (`model_util.py`) and BYOL's code (`utils/schedules.py`), whose first update has rate 0.
 * (lightly's warm-up is one step ahead of it.)
 */
export function warmup(span: Span, then: Schedule, { from = 0 }: { readonly from?: number } = {}): Schedule {
  requireNotNegative('warmup', 'span', span);
  requireNumber('warmup', 'from', from, 'a finite number', () => true);
  return (step, total) => {
    const steps = stepsOf(span, total);
    if (steps >= total) {
      throw new ConfigError(
        `warmup: must be shorter than the run; got ${steps} of ${total} steps; shorten it, or train longer`,
      );
    }
    const rise: Schedule = (at, length) => linear(from, then(0, total - length))(at, length);
    return sequence({ for: span, schedule: rise }, { schedule: then })(step, total);
  };
}

/**
 * A schedule whose steps and spans are epochs, for a run counted in updates.
 * @param stepsPerEpoch updates in an epoch, 1 or more
 * @param staircase the value changes only between epochs, as in MoCo's and SimSiam's code (`adjust_learning_rate`)
 */
export function inEpochs(
  schedule: Schedule,
  stepsPerEpoch: number,
  { staircase = false }: { readonly staircase?: boolean } = {},
): Schedule {
  requireNumber(
    'inEpochs',
    'stepsPerEpoch',
    stepsPerEpoch,
    'a whole number, 1 or above',
    x => Number.isInteger(x) && x >= 1,
  );
  return (step, total) => {
    const epoch = step / stepsPerEpoch;
    return schedule(staircase ? Math.floor(epoch) : epoch, total / stepsPerEpoch);
  };
}

/** The batch size for which base rates are given: Goyal et al., arXiv:1706.02677, section 5.1; SimCLR and BYOL keep to it. */
const REFERENCE_BATCH = 256;

/**
 * The learning rate for a batch size: `base · batchSize / 256` (Goyal et al., arXiv:1706.02677, section 2.1), or with `'sqrt'`
 * `base · √batchSize` (SimCLR, arXiv:2002.05709, appendix B.1, and its `model_util.py`).
 */
export function scaleLearningRate(base: number, batchSize: number, rule: 'linear' | 'sqrt' = 'linear'): number {
  requireNotNegative('scaleLearningRate', 'base', base);
  requireNumber(
    'scaleLearningRate',
    'batchSize',
    batchSize,
    'a whole number, 1 or above',
    x => Number.isInteger(x) && x >= 1,
  );
  return rule === 'sqrt' ? base * Math.sqrt(batchSize) : (base * batchSize) / REFERENCE_BATCH;
}
