/** Numbers that follow the run's progress: learning rate, weight decay, momentum of a teacher, temperature. */
import { ConfigError } from '../errors.ts';
import { requireNotNegative, requireNumber, requirePositive } from './options.ts';

/**
 * The value for one step, worked out on the host.
 * @param step updates made so far: 0 at the first, `total − 1` at the last. Beyond `total` the value at `total` holds.
 * @param total updates in the run, above 0
 */
export type Schedule = (step: number, total: number) => number;

/** A time: a number of steps if it is 1 or more (or 0), a share of the run if it is between 0 and 1. */
export type Span = number;

/** A span in steps, which need not be whole; .07 of 100 is 7, not 7.000000000000001. */
export function stepsOf(span: Span, total: number): number {
  return span > 0 && span < 1 ? Math.round(span * total * 1e9) / 1e9 : span;
}

const finite = (): boolean => true;

function requireValues(who: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) requireNumber(who, name, value, 'a finite number', finite);
}

/** How much of the run is over, in `[0, 1]`. Throws `ConfigError` for a step or total that cannot be. */
function progress(who: string, step: number, total: number): number {
  requireNotNegative(who, 'step', step);
  requirePositive(who, 'total', total);
  return Math.min(step / total, 1);
}

/** The same value at every step. */
export function constant(value: number): Schedule {
  requireValues('constant', { value });
  return () => value;
}

/** A straight line from `from` at step 0 to `to` at step `total`. */
export function linear(from: number, to: number): Schedule {
  return polynomial(from, to, 1);
}

/** `to + (from − to) · (1 − step / total)^power`. @param power above 0 */
export function polynomial(from: number, to: number, power: number): Schedule {
  requireValues('polynomial', { from, to });
  requirePositive('polynomial', 'power', power);
  return (step, total) => to + (from - to) * (1 - progress('polynomial', step, total)) ** power;
}

/**
 * Half a cosine wave from `from` at step 0 to `to` at step `total` (SGDR, arXiv:1608.03983, equation 5, without restarts). It may rise:
 * `cosine(0.996, 1)` is the momentum of BYOL's teacher (arXiv:2006.07733, section 3.2).
 */
export function cosine(from: number, to = 0): Schedule {
  requireValues('cosine', { from, to });
  return (step, total) => to + ((from - to) * (1 + Math.cos(Math.PI * progress('cosine', step, total)))) / 2;
}

/** `value`, multiplied by `factor` each time another `every` has passed (PyTorch's `StepLR`). */
export function stepDecay(
  value: number,
  { every, factor }: { readonly every: Span; readonly factor: number },
): Schedule {
  requireValues('stepDecay', { value, factor });
  requirePositive('stepDecay', 'every', every);
  return (step, total) => {
    progress('stepDecay', step, total);
    return value * factor ** Math.floor(Math.min(step, total) / stepsOf(every, total));
  };
}

/** `value`, multiplied by `factor` from each time of `at` on (PyTorch's `MultiStepLR`). @param at rising */
export function multiStep(
  value: number,
  { at, factor }: { readonly at: readonly Span[]; readonly factor: number },
): Schedule {
  requireValues('multiStep', { value, factor });
  for (const [i, span] of at.entries()) requirePositive('multiStep', `at[${i}]`, span);
  return (step, total) => {
    progress('multiStep', step, total);
    const times = at.map(span => stepsOf(span, total));
    if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) {
      throw new ConfigError(
        `multiStep: at must rise; got ${at.join(', ')}, which is steps ${times.join(', ')} of ${total}; put the times in order`,
      );
    }
    return value * factor ** times.filter(time => Math.min(step, total) >= time).length;
  };
}
