/** ClusterFit: a new network learns the clusters of a trained one. `node cluster-fit.ts runs/deepcluster/backbone.safetensors [run folder] [epochs]` */
import { loadPixels, views } from '@ssl/core/data';
import { loadWeights } from '@ssl/core/io';
import { methodExtractor, pretrain } from '@ssl/core/train';
import { icons42 } from '@ssl/datasets';
import { clusterFit, clusterLabels } from '@ssl/deepcluster';
import { iconBackbone, iconViews, recipe } from '../simclr/icons.ts';

const CLUSTERS = 500;
const [weights, out = 'runs/clusterfit', epochs = '20'] = process.argv.slice(2);
if (!weights)
  throw new Error('cluster-fit: name the weights; usage: node cluster-fit.ts runs/deepcluster/backbone.safetensors');

const given = iconBackbone(0);
await loadWeights(weights, given.members);
const icons = await icons42('train');
const extract = methodExtractor({ views: iconViews, embed: given });
const features = await extract(await loadPixels(icons, { size: 32 }));
const { data, clustering } = await clusterLabels(icons, features, {
  clusters: CLUSTERS,
  onProgress: ({ iteration, inertia, changed }) =>
    console.log(`update ${iteration}: inertia ${inertia.toFixed(0)}, ${changed} moved`),
});
console.log(`${CLUSTERS} clusters of ${Math.min(...clustering.sizes)} to ${Math.max(...clustering.sizes)} icons`);
const run = await pretrain({
  method: clusterFit({
    backbone: iconBackbone(1),
    clusters: CLUSTERS,
    views: views(iconViews.map(spec => ({ ...spec, count: 1 }))),
    recipe,
  }),
  data,
  imageSize: 32,
  out,
  recipe: { epochs: Number(epochs) },
  resume: true,
});
console.log(`weights in ${run.backbone}; how good are they? node probe.ts ${run.backbone}`);
