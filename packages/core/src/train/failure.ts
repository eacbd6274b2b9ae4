import { SSLError, TrainingError } from '../errors.ts';

/** The run was stopped on purpose and saved. */
export class InterruptedError extends SSLError {
  override readonly name = 'InterruptedError';
}

export interface FailureContext {
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** The last line before. */
  readonly before: Readonly<Record<string, number>> | undefined;
  readonly learningRate: number;
  readonly checkpoint: string | undefined;
}

/** Throws `TrainingError` with the step, the last good checkpoint and what most likely happened, when a number is not finite. */
export function checkFinite({ step, metrics, before, learningRate, checkpoint }: FailureContext): void {
  const broken = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value));
  if (broken.length === 0) return;
  const rate = learningRate.toPrecision(3);
  const causes = [`a learning rate too high for this batch size (it is ${rate}): divide it by 3, or warm up longer`];
  if (before?.gradNorm !== undefined && before.gradNorm > 100) {
    causes.unshift(
      `gradients that grew (norm ${before.gradNorm.toPrecision(3)} one step before): set recipe.clipNorm, e.g. 1`,
    );
  }
  if (before === undefined)
    causes.unshift('a first step that is not finite already: look at the images (views.png) and the initial weights');
  causes.push('a temperature close to 0, or images with values that are no numbers');
  const goOn = checkpoint ? `the last good checkpoint is ${checkpoint}` : 'there is no checkpoint yet';
  throw new TrainingError(
    `pretrain: ${broken.map(([name]) => name).join(' and ')} must be finite; got ${broken.map(([, value]) => value).join(' and ')} at step ${step}; ` +
      `likely causes: ${causes.map((cause, i) => `(${i + 1}) ${cause}`).join('; ')}; ${goOn}`,
  );
}
