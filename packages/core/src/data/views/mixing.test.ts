import { describe, expect, test } from 'vitest';
import { ConfigError, ShapeError } from '../../errors.ts';
import { compile } from '../../tensor/compile.ts';
import { rngFromKey, rngFromSeed, stepKey } from '../../tensor/rng.ts';
import { type Tensor, tf } from '../../tensor/tf.ts';
import { type FixtureTensor, fixtureTensor, readFixture, relativeError } from '../../testing/fixtures.ts';
import { critical, distanceToUniform } from './distribution.ts';
import { blend, cutBox, cutmix, type Mixed, mixLabels, mixup, paste, shareLeft } from './mixing.ts';

interface Case {
  readonly lambda: number;
  readonly output: FixtureTensor;
}
const { images, ...reference } = readFixture<{
  images: FixtureTensor;
  mixup: Case[];
  cutmix: (Case & { y: number; x: number; box: [number, number, number, number]; left: number })[];
}>(new URL('..', import.meta.url).href, 'mixing.json');

const [batch, height, width] = images.shape as [number, number, number];
/** torchvision mixes with the picture before. */
const partners = (): Tensor => tf.tensor1d([batch - 1, ...Array(batch - 1).keys()], 'int32');
const all = (value: number): Tensor => tf.fill([batch], value);
const numbers = (tensor: Tensor): number[] => Array.from(tensor.dataSync());

describe('for given parameters', () => {
  test.each(reference.mixup)('mixup with a share of $lambda is that of torchvision', ({ lambda, output }) => {
    expect(relativeError(blend(fixtureTensor(images), partners(), all(lambda)), output)).toBeLessThan(1e-6);
  });

  test.each(reference.cutmix)(
    'cutmix with $lambda at $y, $x is that of torchvision',
    ({ lambda, y, x, box, left, output }) => {
      const found = cutBox(all(lambda), all(y), all(x), [height, width]);
      expect([found.left, found.top, found.right, found.bottom].map(side => side.dataSync()[0])).toEqual(box);
      expect(shareLeft(found, [height, width]).dataSync()[0]).toBeCloseTo(left, 6);
      expect(relativeError(paste(fixtureTensor(images), partners(), found), output)).toBeLessThan(1e-8);
    },
  );
});

/** Pictures of one value, their own number, so that a mixture shows what it was made of. */
const flat = (n: number, size = 8): Tensor =>
  tf
    .range(0, n)
    .reshape([n, 1, 1, 1])
    .mul(tf.ones([n, size, size, 1]));

describe.each([
  ['mixup', mixup],
  ['cutmix', cutmix],
] as const)('%s', (_name, mix) => {
  test('says of which two pictures each mixture is, and how much of each', () => {
    const n = 64;
    const mixed = mix(flat(n, 16), { rng: rngFromSeed(2) });
    const [partner, lambda, means] = [mixed.partner, mixed.lambda, mixed.images.mean([1, 2, 3])].map(numbers);
    expect([...partner!].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    for (let i = 0; i < n; i++) expect(means![i]).toBeCloseTo(lambda![i]! * i + (1 - lambda![i]!) * partner![i]!, 3);
    const labels = mixLabels(tf.oneHot(tf.range(0, n, 1, 'int32'), n).cast('float32'), mixed);
    expect(numbers(labels.sum(1)).every(sum => Math.abs(sum - 1) < 1e-6)).toBe(true);
    expect(numbers(labels.mul(tf.range(0, n)).sum(1))).toEqual(means!.map(value => expect.closeTo(value, 3)));
  });

  test('compiled and eager agree, one key draws the same, another one something else', async () => {
    const compiled = compile((x: Tensor, key: Tensor) => mix(x, { rng: rngFromKey(key), alpha: 0.3 }).images);
    const x = flat(16);
    const eager = mix(x, { rng: rngFromKey(stepKey(1, 2)), alpha: 0.3 }).images.dataSync();
    expect((await compiled(x, stepKey(1, 2))).dataSync()).toEqual(eager);
    expect((await compiled(x, stepKey(1, 3))).dataSync()).not.toEqual(eager);
    compiled.dispose();
  });

  test('one share for all where that is wanted, one for each otherwise', () => {
    const shares = (shared: boolean): Set<number> =>
      new Set(numbers(mix(flat(32, 32), { rng: rngFromSeed(3), shared }).lambda));
    expect(shares(true).size).toBe(1);
    expect(shares(false).size).toBeGreaterThan(20);
  });

  test('settings and shapes are checked', () => {
    expect(() => mix(flat(2), { rng: rngFromSeed(1), alpha: 0 })).toThrow(ConfigError);
    expect(() => mix(tf.zeros([2, 3]), { rng: rngFromSeed(1) })).toThrow(ShapeError);
  });
});

describe('shares', () => {
  const n = 20_000;
  const drawn = (alpha: number): Mixed => mixup(tf.zeros([n, 1, 1, 1]), { rng: rngFromSeed(5), alpha });

  test('of alpha 1 are uniform', () => {
    expect(distanceToUniform(numbers(drawn(1).lambda), 0, 1)).toBeLessThan(critical(n));
  });

  test.each([0.1, 0.2, 0.4, 2, 50])('of alpha %d have the mean and the variance of a Beta distribution', alpha => {
    const { mean, variance } = tf.moments(drawn(alpha).lambda);
    const expected = 1 / (4 * (2 * alpha + 1));
    expect(Math.abs(mean.dataSync()[0]! - 0.5)).toBeLessThan(4 * Math.sqrt(expected / n));
    expect(variance.dataSync()[0]! / expected).toBeCloseTo(1, 1);
  });
});
