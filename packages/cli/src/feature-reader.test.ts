import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@ssl/core/setup';
import { afterAll, expect, test } from 'vitest';
import { type NamedFeatures, writeFeatures } from './feature-file.ts';
import { readFeatures } from './feature-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-reader-'));
afterAll(() => rmSync(root, { recursive: true }));

const table: NamedFeatures = {
  features: Float32Array.of(1, 2, 3, 4.5, -5, 1e-9),
  dim: 2,
  names: ['a.png', 'b, "c"\n.png', 'd.png'],
  labels: Int32Array.of(1, 0, -1),
  classes: ['cat', 'dog'],
};

test.each(['f.csv', 'f.safetensors'])('%s is read as it was written', async name => {
  const path = join(root, name);
  await writeFeatures(path, table);
  expect(await readFeatures('probe', path)).toEqual(table);
  const plain = { ...table, labels: undefined, classes: undefined };
  await writeFeatures(path, plain);
  expect(await readFeatures('probe', path)).toEqual(plain);
});

test('a CSV file of another program: other line ends, no last one, classes in order', async () => {
  const path = join(root, 'other.csv');
  writeFileSync(path, 'name,label,0,1\r\nx,b,1,2\r\n"y",a,3,4');
  expect(await readFeatures('probe', path)).toEqual({
    features: Float32Array.of(1, 2, 3, 4),
    dim: 2,
    names: ['x', 'y'],
    labels: Int32Array.of(1, 0),
    classes: ['a', 'b'],
  });
});

test.each([
  ['none.csv', undefined, /none.csv must be a file of features as ssl embed writes; got: ENOENT/],
  ['none.safetensors', undefined, /none.safetensors must be a file of features.*; write it anew, or give --run/],
  ['head.csv', 'id,label,0\n1,a,2\n', /got: its head line must be name,label,0,1,…;/],
  ['short.csv', 'name,label,0,1\nx,a,1,2\ny,a,3\n', /got: 3 fields for 4 in row 2;/],
])('%s is refused', async (name, text, message) => {
  const path = join(root, name);
  if (text !== undefined) writeFileSync(path, text);
  await expect(readFeatures('probe', path)).rejects.toThrow(message);
  await expect(readFeatures('probe', path)).rejects.toBeInstanceOf(ConfigError);
});
