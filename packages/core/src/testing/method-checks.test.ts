import { describe, expect, test } from 'vitest';
import { describeMethod } from './describe-method.ts';
import { methodChecks } from './method-checks.ts';
import { kitBackbone, kitBatch, kitLoss } from './method-kit.ts';
import { type ToyOptions, toyMethod } from './toy-method.ts';

describeMethod('a sound method', { make: toyMethod });

describe('each rule is red for a method that breaks it', () => {
  const broken: readonly (readonly [NonNullable<ToyOptions['wrong']>, string, string])[] = [
    ['nan', 'one finite number', 'the loss must be finite; got NaN'],
    ['unused', 'gets a gradient', 'unused'],
    ['teacher', 'gets a gradient', 'put stopGradient around it'],
    ['seed', 'the same seed', 'is the seed used?'],
    ['host', 'compiled it is the same', 'read'],
    ['order', 'order of the images', 'the loss of images in another order: must be'],
    ['views', 'order of the views', 'the loss with views swapped: must be'],
    ['ranks', 'across ranks', 'the mean loss of 2 ranks: must be'],
    ['queue', 'carries on', 'it is not for keys'],
    ['batch', 'depends on the rest', 'must not depend on the others'],
    ['state', 'stopped and resumed', 'must end with the same checkpoint'],
    ['rising', 'lowers the loss', 'the loss must fall by'],
  ];
  test.each(broken)('%s: %s', async (wrong, name, message) => {
    const make = (options: ToyOptions) => toyMethod({ ...options, wrong });
    const { check } = methodChecks({ make }).find(rule => rule.name.includes(name))!;
    await expect(Promise.resolve().then(check)).rejects.toThrow(message);
  });

  test('a name that stands for two variables', () => {
    const method = toyMethod({ backbone: kitBackbone(), seed: 1 });
    const { head } = method.trained;
    const twice = { ...method, carried: { ...method.carried, head: head! } };
    expect(() => kitLoss(twice, kitBatch(method, { make: toyMethod }))).toThrow(
      "must have different names; got 'head' in both",
    );
  });

  test.each(['mean', 'gathers-negatives'] as const)('a declaration that is not so: %s', async declared => {
    const make = (options: ToyOptions) =>
      toyMethod({ ...options, acrossRanks: declared, ...(declared === 'mean' ? {} : { wrong: 'ranks' }) });
    const { check } = methodChecks({ make }).find(rule => rule.name.includes('across ranks'))!;
    await expect(Promise.resolve().then(check)).rejects.toThrow(/ranks/);
  });
});
