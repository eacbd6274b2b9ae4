import { describeOpsParity } from './ops-parity-suite.ts';

describeOpsParity('fused kernels');
