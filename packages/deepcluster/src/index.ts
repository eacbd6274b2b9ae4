export { type ClusterFitOptions, clusterFit, clusterFitRecipe, clusterLabels } from './clusterfit.ts';
export { cifar, type DeepClusterConfig, defaults, imagenet } from './config.ts';
export { type DeepClusterOptions, deepcluster } from './deepcluster.ts';
export { type Clustering, type KMeansOptions, type KMeansProgress, kMeans } from './kmeans.ts';
export { type DeepClusterLossOptions, deepClusterLoss } from './loss.ts';
export { method } from './package.ts';
export { type DeepClusterViewOptions, deepClusterViews, drawingViews } from './views.ts';
