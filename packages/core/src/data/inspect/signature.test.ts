import { expect, test } from 'vitest';
import type { DecodedImage } from '../decode.ts';
import { hostRng } from '../host-rng.ts';
import { isCopy, signatureOf } from './signature.ts';

const SIDE = 64;

/** A slope of so many levels in a direction, with a dark bar. */
function picture(levels: number, direction: number, bar: number, tint = 0): DecodedImage {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const along = (x * Math.cos(direction) + y * Math.sin(direction)) / SIDE;
      const value = 128 + levels * (along - 0.5) - (y >= bar && y < bar + 8 ? levels / 2 : 0);
      data.set([value + tint, value, value - tint], (y * SIDE + x) * 3);
    }
  }
  return { data, width: SIDE, height: SIDE, channels: 3 };
}

function alike(a: DecodedImage, b: DecodedImage): boolean {
  const [x, y] = [signatureOf(a).reduced, signatureOf(b).reduced];
  expect(isCopy(y, x)).toBe(isCopy(x, y)); // the order does not matter
  return isCopy(x, y);
}

test('brightness and contrast may differ somewhat', () => {
  const original = picture(70, 0, 20);
  expect(alike(original, picture(70, 0, 20))).toBe(true);
  expect(alike(original, picture(100, 0, 20))).toBe(true);
  expect(alike(original, picture(120, 0, 20))).toBe(false);
});

test('in faint pictures too, another form is another picture', () => {
  expect(alike(picture(8, 0, 20), picture(8, 0, 20))).toBe(true);
  expect(alike(picture(8, 0, 20), picture(8, 0, 40))).toBe(false);
  expect(alike(picture(8, 0, 20), picture(8, Math.PI / 2, 20))).toBe(false);
});

test('another color is another picture', () => {
  expect(alike(picture(80, 0, 20, 5), picture(80, 0, 20, -5))).toBe(true);
  expect(alike(picture(80, 0, 20, 20), picture(80, 0, 20, -20))).toBe(false);
});

test('pictures of one color are like none', () => {
  const plain = picture(0, 0, 20);
  expect(alike(plain, plain)).toBe(false); // they are the same pixels, which is found otherwise
});

test('the hash stays nearly the same under noise, and differs in half of its bits between pictures', () => {
  const rng = hostRng(1, 0);
  const noisy = (image: DecodedImage): DecodedImage => {
    return { ...image, data: Uint8Array.from(image.data, value => value + rng.int(-3, 4)) };
  };
  const differing = (a: DecodedImage, b: DecodedImage): number => {
    const [x, y] = [signatureOf(a).hash, signatureOf(b).hash];
    const bits = [x[0] ^ y[0], x[1] ^ y[1]].map(half => (half >>> 0).toString(2)).join('');
    return bits.replaceAll('0', '').length;
  };
  const random = (): DecodedImage => {
    const coarse = Array.from({ length: 64 }, () => rng.int(20, 230));
    const data = new Uint8Array(SIDE * SIDE * 3);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      data.fill(coarse[Math.floor(y / 8) * 8 + Math.floor(x / 8)]!, i * 3, i * 3 + 3);
    }
    return { data, width: SIDE, height: SIDE, channels: 3 };
  };
  const pictures = Array.from({ length: 30 }, random);
  for (const image of pictures) expect(differing(image, noisy(image))).toBeLessThanOrEqual(6);
  const others = pictures.slice(1).map((image, i) => differing(image, pictures[i]!));
  expect(others.reduce((a, b) => a + b) / others.length).toBeGreaterThan(27);
  expect(Math.min(...others)).toBeGreaterThan(10);
});
