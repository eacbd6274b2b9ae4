// The engine looks once, at the first kernel.
process.env.SSL_XLA = '0';
const { describeParity } = await import('./parity-suite.ts');

describeParity('plain ops');
