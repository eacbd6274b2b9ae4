import { type ProgressBar, progressBar } from '../progress-bar.ts';
import type { ProgressEvent } from './options.ts';

/** Shows what `pretrain` reports as one bar a phase. */
export function pretrainProgress(stream: NodeJS.WriteStream = process.stderr): (event: ProgressEvent) => void {
  let phase: string | undefined;
  let bar: ProgressBar | undefined;
  return event => {
    if (phase !== event.phase) {
      bar?.finish();
      bar = progressBar(event.phase === 'decode' ? 'reading' : 'training', stream);
      phase = event.phase;
    }
    const text =
      event.phase === 'decode'
        ? `${event.done} of ${event.total} images`
        : `epoch ${event.epoch} of ${event.epochs}  loss ${event.loss.toFixed(4)}  ${Math.round(event.imagesPerSecond)} images/s`;
    bar!.update(event.done, event.total, text);
  };
}
