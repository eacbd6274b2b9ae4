/** Storage that fails for a while: network file systems, servers, disks that wake up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../../errors.ts';

export interface RetryOptions {
  /** How often a read is tried in all. Default 4: waits of 0.1, 0.4 and 1.6 s in between. */
  readonly attempts?: number;
  /** Wait before the second attempt, seconds; it grows fourfold from attempt to attempt. Default 0.1. */
  readonly delay?: number;
  /** After so many seconds an attempt counts as failed. Default 60. */
  readonly timeout?: number;
}

/** What may be gone a moment later. A file that does not exist, or that nobody may read, stays so. */
const PASSING = new Set([
  'EAGAIN',
  'EBUSY',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENETDOWN',
  'ENETUNREACH',
  'ENFILE',
  'ENOTCONN',
  'EPIPE',
  'EREMOTEIO',
  'ESTALE',
  'ETIMEDOUT',
]);
const GROWTH = 4;

/** Calls `read` until it succeeds or fails for good. @throws what the last attempt threw; DataError after a timeout. */
export async function withRetries<T>(read: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 4, delay = 0.1, timeout = 60 } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(timeout, read());
    } catch (error) {
      if (attempt >= attempts || !isPassing(error)) throw error;
      await sleep(1000 * delay * GROWTH ** (attempt - 1));
    }
  }
}

/** Whether an error, or one that caused it, tells of storage that may be well again soon. */
export function isPassing(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && PASSING.has(at.code as string)) return true;
  }
  return false;
}

function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  const late = Object.assign(new Error(`no answer for ${seconds} s`), { code: 'ETIMEDOUT' });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DataError(`loader: storage must answer; got nothing for ${seconds} s`, { cause: late })),
      1000 * seconds,
    );
  });
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
