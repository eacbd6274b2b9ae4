import { afterAll } from 'vitest';

// The engine looks once, at the first kernel.
process.env.SSL_XLA = '0';
afterAll(() => {
  delete process.env.SSL_XLA;
});
const { describeOpsParity } = await import('./ops-parity-suite.ts');

describeOpsParity('plain ops');
