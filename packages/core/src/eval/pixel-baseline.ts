import type { FeatureTable } from './feature-table.ts';
import type { PixelRows } from './pixel-rows.ts';

/**
 * The pixels themselves as features, each picture less its mean, so that their cosine is a correlation and overall
 * brightness counts for nothing. What a network must beat to have learnt anything: between two drawings of one icon
 * the pixels agree more than the outputs of a random network do.
 * @returns `[N, size · size · channels]`, values −1 to 1.
 */
export function pixelFeatures({ data, count, size, channels }: PixelRows): FeatureTable {
  const dim = size * size * channels;
  const features = new Float32Array(count * dim);
  for (let first = 0; first < features.length; first += dim) {
    let sum = 0;
    for (let i = first; i < first + dim; i++) sum += data[i]!;
    const mean = sum / dim;
    for (let i = first; i < first + dim; i++) features[i] = (data[i]! - mean) / 255;
  }
  return { features, dim };
}
