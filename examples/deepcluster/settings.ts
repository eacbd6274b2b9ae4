import type { DeepClusterConfig } from '@ssl/deepcluster';

/** For icons-42: a narrow head, and heads of different sizes about the 446 kinds of icons. */
export const iconSettings: Partial<DeepClusterConfig> = { hiddenDim: 512, clusters: [500, 1000, 2000] };
