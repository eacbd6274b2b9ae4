import type { DeepClusterConfig } from '@ssl/deepcluster';

/** For icons-42: a narrow head, clusters of about ten, six and four drawings, told apart sharply. */
export const iconSettings: Partial<DeepClusterConfig> = {
  hiddenDim: 512,
  clusters: [1000, 2000, 3000],
  temperature: 0.07,
};
