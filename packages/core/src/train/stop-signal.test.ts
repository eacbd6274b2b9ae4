import { expect, test, vi } from 'vitest';
import { stopSignal } from './stop-signal.ts';

test.each(['SIGINT', 'SIGTERM'] as const)('the first %s asks for a stop; the next is left to the system', name => {
  const listeners = (): number[] => ['SIGINT', 'SIGTERM'].map(signal => process.listenerCount(signal));
  const before = listeners();
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const stop = stopSignal(undefined);
    expect(listeners()).toEqual(before.map(count => count + 1));
    expect(stop.requested()).toBe(false);
    process.emit(name, name);
    expect(stop.requested()).toBe(true);
    expect(written).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('again: at once'));
    expect(listeners()).toEqual(before);
    stop.release();
  } finally {
    written.mockRestore();
  }
});

test('a signal of the caller asks for a stop, and nothing is left when it is released', () => {
  const [before, controller] = [process.listenerCount('SIGTERM'), new AbortController()];
  const stop = stopSignal(controller.signal);
  expect(stop.requested()).toBe(false);
  controller.abort();
  expect(stop.requested()).toBe(true);
  stop.release();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
