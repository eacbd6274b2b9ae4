import { expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { inContext, stepContext, stepRng } from './context.ts';
import { rngFromSeed } from './rng.ts';

const outside = { training: false, world: expect.objectContaining({ rank: 0, size: 1 }), normGroups: 1 };

test('a step is not training unless told, inside one context another may change a part, and errors leave none behind', () => {
  const rng = rngFromSeed(1);
  expect(stepContext()).toEqual(outside);
  const seen = inContext({ training: true, rng }, () => [
    stepContext(),
    inContext({ training: false }, () => stepContext()),
    stepRng('dropout'),
  ]);
  expect(seen).toEqual([{ ...outside, training: true, rng }, { ...outside, rng }, rng]);
  expect(() =>
    inContext({ training: true }, () => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(stepContext()).toEqual(outside);
});

test('random numbers are asked for by name', () => {
  expect(() => stepRng('dropPath')).toThrow(ConfigError);
  expect(() => stepRng('dropPath')).toThrow('dropPath: needs random numbers');
});
