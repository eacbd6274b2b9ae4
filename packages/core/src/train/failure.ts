import { existsSync } from 'node:fs';
import { SSLError, TrainingError } from '../errors.ts';
import type { Stored } from '../io/index.ts';

/** The run was stopped on purpose and saved. */
export class InterruptedError extends SSLError {
  override readonly name = 'InterruptedError';
}

/** Where a run stood when a number was not finite. */
export interface FailureContext {
  readonly step: number;
  /** The metrics one step before. */
  readonly before: Readonly<Record<string, number>> | undefined;
  readonly learningRate: number;
  /** The newest checkpoint. */
  readonly newest: string | undefined;
  /** The newest one that a sound step has followed. */
  readonly proven: string | undefined;
}

/** Throws `TrainingError` with the step, the last good checkpoint and what most likely happened, when a metric is not finite. */
export function checkMetrics(metrics: Readonly<Record<string, number>>, context: FailureContext): void {
  const broken = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  if (broken.length === 0) return;
  const [names, values] = [0, 1].map(i => broken.map(entry => entry[i]).join(' and '));
  throw failure(`${names} must be finite; got ${values}`, context);
}

/** The same for weights, statistics and moments, so that a checkpoint never holds broken ones. */
export function checkState(state: ReadonlyMap<string, Stored>, context: FailureContext): void {
  const broken = [...state].find(([, variable]) => !allFinite(variable.values()))?.[0];
  if (broken !== undefined) throw failure(`every weight must be finite; got others in ${broken}`, context);
}

/** Whether there is neither NaN nor an infinity. */
export function allFinite(values: Float32Array | Int32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!; // 0, or NaN from the first broken one on; much faster than `every`
  return sum === 0;
}

function failure(what: string, context: FailureContext): TrainingError {
  const causes = likelyCauses(context).map((cause, i) => `(${i + 1}) ${cause}`);
  return new TrainingError(
    `pretrain: ${what} at step ${context.step}; likely causes: ${causes.join('; ')}; ${whatIsLeft(context)}`,
  );
}

/** Above this, one step moved the weights far; sound runs stay below 10 or so. */
const GROWN_NORM = 100;

function likelyCauses({ before, learningRate }: FailureContext): string[] {
  const rate = learningRate.toPrecision(3);
  const causes = [`a learning rate too high for this batch size (it is ${rate}): divide it by 3, or warm up longer`];
  if (before?.gradNorm !== undefined && before.gradNorm > GROWN_NORM) {
    causes.unshift(
      `gradients that grew (norm ${before.gradNorm.toPrecision(3)} one step before): set recipe.clipNorm, e.g. 1`,
    );
  }
  if (before === undefined)
    causes.unshift('a first step that is not finite already: look at the images (views.png) and the initial weights');
  causes.push('a temperature close to 0, or a loss that divides by 0 or takes the logarithm of 0');
  return causes;
}

function whatIsLeft({ newest, proven }: FailureContext): string {
  if (newest === undefined) return 'there is no checkpoint yet: start anew with a change';
  // The same settings lead to the same numbers.
  const goOn = 'resumed as it is, the run comes to the same end: start a new one with a change';
  if (newest === proven) return `the last good checkpoint is ${newest}; ${goOn}`;
  // Every number in it is finite, but the very next step's were not.
  const doubt = `the last checkpoint, ${newest}, may hold the cause already`;
  const better =
    proven !== undefined && existsSync(proven) ? `the last good one is ${proven}` : 'there is none before it';
  return `${doubt}; ${better}; ${goOn}`;
}
