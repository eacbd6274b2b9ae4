import { describe, expect, test } from 'vitest';
import { type Tensor, tf } from '../tensor/tf.ts';
import { type FixtureTensor, fixtureTensor, relativeError } from './fixtures.ts';

/** One comparison with a reference implementation: a test, and a row of docs/parity.md. */
export interface ParityCase {
  /** Which function on which input: `ntXent, 8 pairs`. */
  readonly what: string;
  readonly quantity: 'loss' | 'gradient' | 'trajectory';
  /** Whose result it is: `lightly 1.6.0, NTXentLoss`. */
  readonly reference: string;
  /** Largest relative difference that passes. Default 1e-5. */
  readonly tolerance?: number;
  /** Why the tolerance is larger than the default. */
  readonly reason?: string;
  /** The largest difference over the largest expected value. */
  difference(): number | Promise<number>;
}

/** What a method package's `src/parity.ts` exports as `parity`. */
export type Parity = readonly ParityCase[];

export const PARITY_TOLERANCE = 1e-5;

/** Each case as a test. */
export function describeParity(name: string, cases: Parity): void {
  describe(`${name} equals its reference`, () => {
    test.each(cases)(
      '$what: $quantity as in $reference',
      async ({ difference, tolerance = PARITY_TOLERANCE, reason }) => {
        expect(tolerance === PARITY_TOLERANCE || (reason ?? '') !== '', 'a larger tolerance needs a reason').toBe(true);
        expect(await difference()).toBeLessThan(tolerance);
      },
    );
  });
}

/** A loss and its gradients by one fixture: two cases. */
export function lossParity(options: {
  readonly what: string;
  readonly reference: string;
  readonly loss: (...inputs: Tensor[]) => Tensor;
  readonly inputs: readonly FixtureTensor[];
  readonly expected: { readonly loss: number; readonly gradients: readonly FixtureTensor[] };
  readonly tolerance?: number;
  readonly reason?: string;
}): ParityCase[] {
  const { what, reference, loss, inputs, expected, tolerance, reason } = options;
  const shared = { what, reference, ...(tolerance && { tolerance }), ...(reason && { reason }) };
  const tensors = (): Tensor[] => inputs.map(fixtureTensor);
  return [
    {
      ...shared,
      quantity: 'loss',
      difference: () => {
        const value = loss(...tensors()).dataSync()[0]!;
        const off = Math.abs(value - expected.loss) / Math.max(Math.abs(expected.loss), Number.MIN_VALUE);
        return Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
      },
    },
    {
      ...shared,
      quantity: 'gradient',
      difference: () => {
        const gradients = tf.grads(loss as never)(tensors()) as Tensor[];
        return Math.max(...gradients.map((gradient, i) => relativeError(gradient, expected.gradients[i]!)));
      },
    },
  ];
}
