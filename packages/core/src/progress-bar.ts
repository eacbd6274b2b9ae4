/** A progress bar for terminals, and now and then a plain line for everything else. */

const BAR = 24;
const PLAIN_EVERY_MS = 5000;
const TERMINAL_EVERY_MS = 80;
const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressBar {
  /** @param total 0 while it is not known. @param text what stands behind the bar */
  update(done: number, total: number, text: string): void;
  /** Ends the line; later updates start another. */
  finish(): void;
}

/** What the bar needs of a stream. */
export type ProgressStream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown };

/** Draws on `stream`, standard error by default. The time left is that at the speed since the first update, so a resumed run's is right too. */
export function progressBar(label: string, stream: ProgressStream = process.stderr): ProgressBar {
  let first: { readonly done: number; readonly at: number } | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let open = false;
  const finish = (): void => {
    if (open) stream.write('\n');
    open = false;
  };
  return {
    update(done, total, text) {
      const now = performance.now();
      first ??= { done, at: now };
      const last = total > 0 && done >= total;
      if (!last && now - shownAt < (stream.isTTY ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
      shownAt = now;
      const left = ((now - first.at) / (done - first.done)) * (total - done);
      const line = `${label} ${drawn(done, total)}  ${text}${last || total <= 0 ? '' : `  ${duration(left)} left`}`;
      stream.write(stream.isTTY ? CLEAR_LINE + line.slice(0, (stream.columns || 80) - 1) : `${line}\n`);
      open = stream.isTTY;
      if (last) finish();
    },
    finish,
  };
}

function drawn(done: number, total: number): string {
  const fraction = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(BAR * fraction);
  const percent = total > 0 ? String(Math.floor(100 * fraction)) : '–';
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${percent.padStart(3)} %`;
}

/** `1:02:03` or `2:03`; `–:––` when it is not known. */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–:––';
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
