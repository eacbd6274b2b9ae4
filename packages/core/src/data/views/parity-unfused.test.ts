import { afterAll } from 'vitest';

// The engine looks once, at the first kernel.
process.env.SSL_XLA = '0';
afterAll(() => {
  delete process.env.SSL_XLA;
});
const { describeParity } = await import('./parity-suite.ts');

describeParity('plain ops');
