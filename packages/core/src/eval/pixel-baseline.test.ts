import { describe, expect, it } from 'vitest';
import { nearestNeighbours } from './neighbours.ts';
import { pixelFeatures } from './pixel-baseline.ts';

describe('pixelFeatures', () => {
  it('is each picture less its mean', () => {
    const { features, dim } = pixelFeatures({
      data: Uint8Array.of(0, 255, 255, 0, 7, 7, 7, 7),
      count: 2,
      size: 2,
      channels: 1,
    });
    expect(dim).toBe(4);
    expect([...features]).toEqual([-0.5, 0.5, 0.5, -0.5, 0, 0, 0, 0]);
  });

  it('finds the same drawing whatever its brightness and contrast', async () => {
    const drawing = [0, 200, 40, 90];
    const gallery = {
      data: Uint8Array.from([90, 40, 200, 0, ...drawing.map(v => 50 + v / 2)]),
      count: 2,
      size: 2,
      channels: 1,
    };
    const query = { data: Uint8Array.from(drawing), count: 1, size: 2, channels: 1 };
    const found = await nearestNeighbours(pixelFeatures(query), pixelFeatures(gallery), 1);
    expect(found.indices[0]).toBe(1);
    expect(found.similarities[0]).toBeCloseTo(1, 4);
  });
});
