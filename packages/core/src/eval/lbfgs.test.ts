import { describe, expect, it } from 'vitest';
import { type Evaluation, lbfgs } from './lbfgs.ts';

const options = { maxIterations: 500, tolerance: 1e-8 };

/** Rosenbrock's valley in pairs, minimum 0 at all ones. */
async function valley(x: Float64Array): Promise<Evaluation> {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i < x.length; i += 2) {
    const [a, b] = [1 - x[i]!, x[i + 1]! - x[i]! ** 2];
    value += a * a + 100 * b * b;
    gradient[i] = -2 * a - 400 * x[i]! * b;
    gradient[i + 1] = 200 * b;
  }
  return { value, gradient };
}

describe('lbfgs', () => {
  it('finds the end of a bent valley', async () => {
    const { x, value, converged, iterations } = await lbfgs(valley, new Float64Array(20).fill(-1.2), options);
    expect(converged).toBe(true);
    expect(iterations).toBeLessThan(200);
    expect(value).toBeLessThan(1e-10);
    for (const each of x) expect(each).toBeCloseTo(1, 5);
  });

  it('needs no more iterations for a badly scaled bowl than scipy, which takes 784', async () => {
    const curvatures = Float64Array.from({ length: 50 }, (_, i) => 10 ** (i / 12));
    const bowl = async (x: Float64Array): Promise<Evaluation> => ({
      value: x.reduce((sum, value, i) => sum + (curvatures[i]! * (value - i) ** 2) / 2, 0),
      gradient: x.map((value, i) => curvatures[i]! * (value - i)),
    });
    const { x, iterations } = await lbfgs(bowl, new Float64Array(50), { maxIterations: 2000, tolerance: 1e-5 });
    x.forEach((value, i) => {
      expect(value).toBeCloseTo(i, 4);
    });
    expect(iterations).toBeLessThan(900);
  });

  it('stops where the digits of the function end', async () => {
    const coarse = async (x: Float64Array): Promise<Evaluation> => {
      const { value, gradient } = await valley(x);
      return { value: Math.fround(1 + value), gradient: gradient.map(Math.fround) };
    };
    const { converged, x } = await lbfgs(coarse, new Float64Array(4), { maxIterations: 500, tolerance: 0 });
    expect(converged).toBe(true);
    for (const each of x) expect(each).toBeCloseTo(1, 2);
  });

  it('says when it was cut short, and stays at a minimum', async () => {
    const start = new Float64Array(2).fill(-1.2);
    expect(await lbfgs(valley, start, { ...options, maxIterations: 3 })).toMatchObject({
      iterations: 3,
      converged: false,
    });
    const there = Float64Array.of(1, 1);
    expect(await lbfgs(valley, there, options)).toEqual({ x: there, value: 0, iterations: 0, converged: true });
  });
});
