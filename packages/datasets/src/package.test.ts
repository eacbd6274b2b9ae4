import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { datasets } from './index.ts';

test('the package is found as one of data sets, and each opens under the name it says', async () => {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({ ssl: { kind: 'dataset' } });
  for (const [name, open] of Object.entries(datasets)) {
    expect((await open()).name).toBe(`${name} train`);
    expect((await open('all')).name).toBe(name);
    await expect(open('tset')).rejects.toThrow(/split must be train, test or all; got tset/);
  }
});
