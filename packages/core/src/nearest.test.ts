import { expect, test } from 'vitest';
import { didYouMean, nearest } from './nearest.ts';

const options = ['temperature', 'projectionDim', 'hiddenDim', 'seed'];

test.each([
  ['temprature', 'temperature'],
  ['Temperature', 'temperature'],
  ['projection-dim', 'projectionDim'],
  ['hiddenDims', 'hiddenDim'],
  ['sed', 'seed'],
])('%j was meant to be %j', (word, expected) => {
  expect(nearest(word, options)).toBe(expected);
  expect(didYouMean(word, options)).toBe(`did you mean '${expected}'?`);
});

test('the closer of two candidates wins, of equals the first', () => {
  expect(nearest('epochss', ['epochal', 'epochs'])).toBe('epochs');
  expect(nearest('ab', ['aa', 'bb'])).toBe('aa');
});

test('there is always a nearest one, but it is only suggested when it is close', () => {
  expect(nearest('momentum', options)).toBeDefined();
  expect(didYouMean('momentum', options)).toBe('');
  expect(didYouMean('sede', options)).toBe(''); // two of four letters: could be anything
  expect(nearest('seed', [])).toBeUndefined();
});
