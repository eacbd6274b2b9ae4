import { expect, test, vi } from 'vitest';
import { probeEngine, xlaAvailable } from './index.ts';

test('the engine says what it is', () => {
  vi.stubEnv('SSL_THREADS', '2');
  const probe = probeEngine();
  expect(probe.version).toMatch(/^2\.\d+\.\d+/);
  expect(probe.devices.map(({ type }) => type)).toContain('CPU');
  for (const { name, memoryBytes } of probe.devices) {
    expect(name).toMatch(/^\/job:.*\/device:/);
    expect(memoryBytes).toBeGreaterThanOrEqual(0);
  }
  expect(probe.threads).toEqual({ intra: 2, inter: 2 });
  expect(probe.xla).toBe(xlaAvailable());
  expect(probe.missingSymbols).toEqual([]);
  vi.unstubAllEnvs();
});
