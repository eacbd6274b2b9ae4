/**
 * Saves a backbone and its features of a picture, for `load_in_timm.py` to load and compare:
 *   node scripts/parity/save-for-timm.ts resnet50 /tmp/resnet50
 *   python scripts/parity/load_in_timm.py /tmp/resnet50.safetensors resnet50 /tmp/resnet50.json
 */
import { writeFileSync } from 'node:fs';
import { backbone, inContext, normal, rngFromSeed, stateOf, tf } from '@ssl/core';
import { saveWeights } from '@ssl/core/io';

const [name = 'resnet18', path = name, stem = 'imagenet'] = process.argv.slice(2);
if (stem !== 'imagenet' && stem !== 'cifar')
  throw new Error(`save-for-timm: the stem must be imagenet or cifar; got ${stem}`);
const net = backbone(name, { stem, zeroInitLast: false, seed: 3 });
const shape = [2, 64, 64, 3];
const x = normal(rngFromSeed(5), shape);
// A step of training first, so that the running statistics are not those of a new network.
inContext({ training: true }, () => net(x).dispose());
const features = tf.tidy(() => net(x));
await saveWeights(`${path}.safetensors`, net.members);
const json = {
  input: { shape, data: [...x.dataSync()] },
  features: { shape: features.shape, data: [...features.dataSync()] },
};
writeFileSync(`${path}.json`, JSON.stringify(json));
console.log(`${stateOf(net.members).size} tensors in ${path}.safetensors`);
