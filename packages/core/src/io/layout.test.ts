import { describe, expect, it } from 'vitest';
import { inverse, permute } from './layout.ts';

describe('permute', () => {
  it('follows the axes, and inverse undoes it', () => {
    const shape = [2, 3, 4, 5];
    const values = Float32Array.from({ length: 120 }, (_, i) => i);
    const axes = [3, 2, 0, 1];
    const out = permute(values, shape, axes);
    for (let o = 0; o < 5; o++)
      for (let c = 0; c < 4; c++)
        for (let y = 0; y < 2; y++)
          for (let x = 0; x < 3; x++)
            expect(out[((o * 4 + c) * 2 + y) * 3 + x]).toBe(values[((y * 3 + x) * 4 + c) * 5 + o]);
    expect(permute(out, [5, 4, 2, 3], inverse(axes))).toEqual(values);
  });

  it('takes any rank', () => {
    expect(permute(Float32Array.of(1, 2, 3), [3], [0])).toEqual(Float32Array.of(1, 2, 3));
    expect(permute(Int32Array.of(1, 2, 3, 4, 5, 6), [2, 3], [1, 0])).toEqual(Int32Array.of(1, 4, 2, 5, 3, 6));
    expect(permute(Float32Array.of(7), [], [])).toEqual(Float32Array.of(7));
    expect(permute(new Float32Array(0), [0, 3], [1, 0])).toEqual(new Float32Array(0));
  });
});
