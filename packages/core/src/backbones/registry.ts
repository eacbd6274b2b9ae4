import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest.ts';
import type { Backbone } from './backbone.ts';
import { type ResNetOptions, type ResNetShape, resnet } from './resnet.ts';

/** timm's names (timm/models/resnet.py) and shapes; `resnet_small` is ours, for small pictures on small machines. */
const SHAPES: Readonly<Record<string, ResNetShape>> = {
  resnet18: { block: 'basic', layers: [2, 2, 2, 2] },
  resnet34: { block: 'basic', layers: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', layers: [3, 4, 6, 3] },
  resnet101: { block: 'bottleneck', layers: [3, 4, 23, 3] },
  resnet152: { block: 'bottleneck', layers: [3, 8, 36, 3] },
  resnext50_32x4d: { block: 'bottleneck', layers: [3, 4, 6, 3], groups: 32, baseWidth: 4 },
  resnext101_32x4d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 32, baseWidth: 4 },
  resnext101_32x8d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 32, baseWidth: 8 },
  resnext101_64x4d: { block: 'bottleneck', layers: [3, 4, 23, 3], groups: 64, baseWidth: 4 },
  wide_resnet50_2: { block: 'bottleneck', layers: [3, 4, 6, 3], baseWidth: 128 },
  wide_resnet101_2: { block: 'bottleneck', layers: [3, 4, 23, 3], baseWidth: 128 },
};

/** The names that `backbone` takes. */
export const backboneNames: readonly string[] = Object.keys(SHAPES);

/** A backbone by timm's name. Throws `ConfigError` naming the nearest known one. */
export function backbone(name: string, options: ResNetOptions = {}): Backbone {
  const shape = SHAPES[name];
  if (!shape) {
    throw new ConfigError(
      `backbone: must be one of ${backboneNames.join(', ')}; got '${name}'; ${didYouMean(name, backboneNames)}`,
    );
  }
  return resnet(name, shape, options);
}
