/**
 * Saves a backbone and its features of a picture, for `load_in_timm.py` to load and compare. Options are those of `backbone`:
 *   node scripts/parity/save-for-timm.ts resnet50 /tmp/resnet50
 *   python scripts/parity/load_in_timm.py /tmp/resnet50.safetensors resnet50 /tmp/resnet50.json
 *   node scripts/parity/save-for-timm.ts vit_tiny_patch16_224 /tmp/vit '{"imgSize": 64, "patchSize": 8, "registers": 2}'
 *   python scripts/parity/load_in_timm.py /tmp/vit.safetensors vit_tiny_patch16_224 /tmp/vit.json --options '{"img_size": 64, "patch_size": 8, "reg_tokens": 2}'
 */
import { writeFileSync } from 'node:fs';
import { backbone, inContext, normal, parametersOf, rngFromSeed, stateOf, tf } from '@ssl/core';
import { saveWeights } from '@ssl/core/io';

const [name = 'resnet18', path = name, options = '{}'] = process.argv.slice(2);
const usual = name.startsWith('resn') || name.startsWith('wide') ? { zeroInitLast: false } : {};
const net = backbone(name, { seed: 3, ...usual, ...(JSON.parse(options) as object) });
const size = 'config' in net ? (net.config as { imgSize: number }).imgSize : 64;
const shape = [2, size, size, net.inChannels];
const x = normal(rngFromSeed(5), shape);
// Tokens, scales and shifts that start alike or at 0 would hide a mistake.
const rng = rngFromSeed(6);
for (const variable of parametersOf(net.members)) {
  if (/token|gamma|bias/.test(variable.name)) variable.assign(normal(rng, variable.shape, 0, 0.2));
}
// A step of training first, so that the running statistics are not those of a new network.
inContext({ training: true, rng }, () => net(x).dispose());
const features = tf.tidy(() => net(x));
await saveWeights(`${path}.safetensors`, net.members);
const json = {
  input: { shape, data: [...x.dataSync()] },
  features: { shape: features.shape, data: [...features.dataSync()] },
};
writeFileSync(`${path}.json`, JSON.stringify(json));
console.log(`${net.name}: ${stateOf(net.members).size} tensors in ${path}.safetensors`);
