import { statSync } from 'node:fs';
import type { DownloadProgress } from '@ssl/core/io';
import { type ProgressBar, progressBar } from '@ssl/core/setup';

/** What a user sees while a set is fetched: lines and bars on standard error. */
export interface Bars {
  say(line: string): void;
  download(event: DownloadProgress): void;
  /** For the bytes of an archive as they are unpacked. */
  unpacking(archive: string): (bytes: number) => void;
  finish(): void;
}

const LABELS = { wait: 'waiting  ', download: 'fetching ', verify: 'checking ', unpack: 'unpacking' } as const;

export function progressBars(name: string, quiet: boolean): Bars {
  let phase: keyof typeof LABELS | undefined;
  let bar: ProgressBar | undefined;
  const show = (next: keyof typeof LABELS, done: number, total: number): void => {
    if (quiet || total === 0) return;
    if (next !== phase) {
      bar?.finish();
      bar = progressBar(LABELS[next]);
      phase = next;
    }
    bar!.update(done, total, `${megabytes(done)} of ${megabytes(total)} MB`);
  };
  return {
    say: line => {
      if (!quiet) process.stderr.write(`${name}: ${line}\n`);
    },
    download: event => show(event.phase, event.done, event.total),
    unpacking(archive) {
      const total = statSync(archive).size;
      let done = 0;
      return bytes => {
        done += bytes;
        show('unpack', done, total);
      };
    },
    finish: () => bar?.finish(),
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
