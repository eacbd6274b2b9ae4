import { describeParity } from './parity-suite.ts';

describeParity('fused kernels');
