import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { fakeMirror } from './fake-sets.ts';
import { datasets } from './index.ts';

const INSIDE = ['icons-42', 'icons-100', 'emoji-3'];

test('the package is found as one of data sets, and those inside open under the name they say', async () => {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({ ssl: { kind: 'dataset' } });
  for (const name of INSIDE) {
    expect((await datasets[name]!()).name).toBe(`${name} train`);
    expect((await datasets[name]!('all')).name).toBe(name);
    await expect(datasets[name]!('tset')).rejects.toThrow(/split must be train, test or all; got tset/);
  }
});

test('the others are looked for on the mirror under their names, after saying what, how large, from where and on what terms', async () => {
  const { asked, root } = await fakeMirror('none', {});
  vi.stubEnv('XDG_CACHE_HOME', root);
  const said: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation(text => said.push(String(text)) > 0);
  const fetched = Object.keys(datasets).filter(name => !INSIDE.includes(name));
  for (const name of fetched) {
    await expect(datasets[name]!()).rejects.toThrow(/must be there; got 404/);
    await expect(datasets[name]!('tset')).rejects.toThrow(/split must be .*; got tset/);
  }
  vi.restoreAllMocks();
  expect(asked.map(path => path.split('/')[2])).toEqual(fetched);
  const [what, terms] = said;
  expect(what).toMatch(
    /^cifar10: downloading 170 MB from http:\/\/127.*\/cifar-10-binary\.tar\.gz to .*\/ssl\/datasets\/cifar10\n$/,
  );
  expect(terms).toMatch(/^cifar10: terms: .*Krizhevsky.*; see https:\/\/www\.cs\.toronto\.edu/);
  expect(said).toHaveLength(2 * fetched.length);
});
