import { type ProgressBar, type ProgressStream, progressBar } from '../progress-bar.ts';
import type { ProgressEvent } from './options.ts';

export interface PretrainProgress {
  (event: ProgressEvent): void;
  /** Ends the line that is being drawn, so that a message can follow. */
  finish(): void;
}

/** Shows what `pretrain` reports as one bar a phase. */
export function pretrainProgress(stream: ProgressStream = process.stderr): PretrainProgress {
  let phase: string | undefined;
  let bar: ProgressBar | undefined;
  const show = (event: ProgressEvent): void => {
    if (phase !== event.phase) {
      bar?.finish();
      bar = progressBar(event.phase === 'decode' ? 'reading ' : 'training', stream);
      phase = event.phase;
    }
    const text =
      event.phase === 'decode'
        ? `${event.done} of ${event.total} images`
        : `epoch ${event.epoch} of ${event.epochs}  loss ${event.loss.toFixed(4)}  ${Math.round(event.imagesPerSecond)} images/s`;
    bar!.update(event.done, event.total, text);
  };
  return Object.assign(show, { finish: () => bar?.finish() });
}

/** Steps over which the speed is averaged. */
const WINDOW = 20;

/** Images a second over the last steps; to be called after each. */
export function rateClock(batchSize: number): () => number {
  const times = [performance.now()];
  return () => {
    times.push(performance.now());
    if (times.length > WINDOW + 1) times.shift();
    return (batchSize * (times.length - 1) * 1000) / (times.at(-1)! - times[0]!);
  };
}
