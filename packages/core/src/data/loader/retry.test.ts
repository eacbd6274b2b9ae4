import { expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { isPassing, withRetries } from './retry.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Fails with these, then succeeds. */
function failing(...errors: readonly Error[]): { calls: number; read: () => Promise<string> } {
  const state = {
    calls: 0,
    read: async () => {
      const error = errors[state.calls++];
      if (error) throw error;
      return 'read';
    },
  };
  return state;
}

test('what may be gone a moment later is tried again', async () => {
  const storage = failing(failure('EIO'), new DataError('wrapped', { cause: failure('ETIMEDOUT') }));
  expect(await withRetries(storage.read, { delay: 1e-3 })).toBe('read');
  expect(storage.calls).toBe(3);
});

test('what stays is not', async () => {
  const storage = failing(failure('ENOENT'));
  await expect(withRetries(storage.read, { delay: 1e-3 })).rejects.toThrow('ENOENT');
  expect(storage.calls).toBe(1);
});

test('in the end it is given up', async () => {
  const storage = failing(failure('EIO'), failure('EIO'), failure('ESTALE'));
  await expect(withRetries(storage.read, { attempts: 3, delay: 1e-3 })).rejects.toThrow('ESTALE');
  expect(storage.calls).toBe(3);
});

test('storage that does not answer counts as failing', async () => {
  const silent = (): Promise<never> => new Promise(() => {});
  const error = await withRetries(silent, { attempts: 2, delay: 1e-3, timeout: 0.01 }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'DataError', message: /storage must answer; got nothing for 0.01 s/ });
  expect(isPassing(error)).toBe(true);
});

test('the wait grows from attempt to attempt', async () => {
  const storage = failing(failure('EIO'), failure('EIO'));
  const start = performance.now();
  await withRetries(storage.read, { delay: 0.02 });
  expect(performance.now() - start).toBeGreaterThan(20 + 80 - 5);
});
