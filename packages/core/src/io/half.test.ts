import { expect, it } from 'vitest';
import { fromBfloat16, fromFloat16 } from './half.ts';

it('widens every half exactly', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = fromFloat16(all);
  all.forEach((half, i) => {
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    const size =
      exponent === 31
        ? fraction
          ? Number.NaN
          : Infinity
        : exponent
          ? (1 + fraction / 1024) * 2 ** (exponent - 15)
          : fraction * 2 ** -24;
    if (!Object.is(wide[i], half & 0x8000 ? -size : size)) throw new Error(`half ${half}: ${wide[i]}`);
  });
  expect(new Uint32Array(fromBfloat16(Uint16Array.of(0x8123)).buffer)[0]).toBe(0x81230000);
});
