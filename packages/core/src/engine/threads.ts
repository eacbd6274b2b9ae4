import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ConfigError } from '../errors.ts';

/** The cores that a control group (a container) lets this process use, or infinity. */
export function cgroupCores(): number {
  try {
    const [quota, period] = readFileSync('/sys/fs/cgroup/cpu.max', 'utf8').trim().split(/\s+/);
    const cores = Math.floor(Number(quota) / Number(period)); // NaN for 'max'
    return Number.isFinite(cores) ? Math.max(1, cores) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY; // not Linux, or cgroup v1
  }
}

/** Threads an op may use: `SSL_THREADS`, else the cores that the process and its container may use. */
export function threadCount(): number {
  const wanted = process.env.SSL_THREADS;
  if (wanted === undefined) return Math.min(availableParallelism(), cgroupCores());
  const threads = Number(wanted);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new ConfigError(
      `SSL_THREADS: must be a whole number of at least 1; got '${wanted}'; unset it to use every core`,
    );
  }
  return threads;
}
