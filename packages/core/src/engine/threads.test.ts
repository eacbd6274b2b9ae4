import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { ConfigError } from '../errors.ts';
import { cgroupCores, threadCount } from './threads.ts';

afterEach(() => vi.unstubAllEnvs());

test('threads are those of the variable, else no more than the machine and its container have', () => {
  vi.stubEnv('SSL_THREADS', '3');
  expect(threadCount()).toBe(3);
  vi.stubEnv('SSL_THREADS', undefined);
  expect(threadCount()).toBe(Math.min(availableParallelism(), cgroupCores()));
  expect(threadCount()).toBeGreaterThanOrEqual(1);
});

test.each(['0', '-1', '1.5', 'two', ''])("a wrong number of threads, '%s', is refused", wanted => {
  vi.stubEnv('SSL_THREADS', wanted);
  expect(() => threadCount()).toThrow(ConfigError);
  expect(() => threadCount()).toThrow(`got '${wanted}'`);
});
