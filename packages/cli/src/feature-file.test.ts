import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '@ssl/core/io';
import { afterAll, expect, test } from 'vitest';
import { type NamedFeatures, writeFeatures } from './feature-file.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-features-'));
afterAll(() => rmSync(root, { recursive: true }));

const table: NamedFeatures = {
  features: Float32Array.of(1, 2, 3, 4.5, -5, 1e-9),
  dim: 2,
  names: ['a.png', 'b, "c".png', 'd.png'],
  labels: Int32Array.of(1, 0, -1),
  classes: ['cat', 'dog'],
};

test('a CSV file has a line a picture, with the name of its class', async () => {
  await writeFeatures(join(root, 'f.csv'), table);
  expect(readFileSync(join(root, 'f.csv'), 'utf8').split('\n')).toEqual([
    'name,label,0,1',
    'a.png,dog,1,2',
    '"b, ""c"".png",cat,3,4.5',
    `d.png,,-5,${Math.fround(1e-9)}`,
    '',
  ]);
});

test('a safetensors file has features, labels, and the names in its metadata', async () => {
  const path = join(root, 'f.safetensors');
  await writeFeatures(path, table);
  const file = await openSafetensors(path);
  expect(await file.read('features')).toEqual(table.features);
  expect(file.tensors.get('features')!.shape).toEqual([3, 2]);
  expect(await file.read('labels')).toEqual(table.labels);
  expect(JSON.parse(file.metadata.names!)).toEqual(table.names);
  expect(JSON.parse(file.metadata.classes!)).toEqual(table.classes);
  await file.close();
  await writeFeatures(path, { ...table, labels: undefined, classes: undefined });
  const plain = await openSafetensors(path);
  expect([...plain.tensors.keys()]).toEqual(['features']);
  expect(Object.keys(plain.metadata)).toEqual(['names']);
  await plain.close();
});
