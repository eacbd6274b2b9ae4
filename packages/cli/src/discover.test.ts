import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { discover, loadMethod } from './discover.ts';

let root: string;
let project: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ssl-cli-')));
  project = join(root, 'outer', 'project');
  mkdirSync(project, { recursive: true });
  return () => rmSync(root, { recursive: true, force: true });
});

function write(folder: string, manifest: object, code = ''): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js', ...manifest }));
  writeFileSync(join(folder, 'index.js'), code);
  return folder;
}

const method = (name: string): object => ({ name, ssl: { kind: 'method', title: name.toUpperCase() } });
const code = (spec: number): string =>
  `export const method = { spec: ${spec}, name: 'x', defaults: {}, recipes: {}, viewPlans: {} };`;
/** Those of the test's own folders: the workspace that this test runs in has methods too. */
const found = (): string[] =>
  discover('method', project)
    .filter(({ directory }) => directory.startsWith(root))
    .map(({ name }) => name);

test('methods under the scope, here or further up, and dependencies of any name are found', () => {
  write(join(project, 'node_modules/@ssl/byolish'), method('@ssl/byolish'));
  write(join(root, 'node_modules/@ssl/upper'), method('@ssl/upper'));
  write(project, { dependencies: { 'their-method': '1' }, devDependencies: { missing: '1' } });
  write(join(root, 'outer/node_modules/their-method'), method('their-method'));
  write(join(project, 'node_modules/not-asked-for'), method('not-asked-for'));
  write(join(project, 'node_modules/@ssl/tools'), { name: '@ssl/tools' });
  write(join(project, 'node_modules/@ssl/pictures'), { name: '@ssl/pictures', ssl: { kind: 'dataset' } });
  expect(found()).toEqual(['byolish', 'their-method', 'upper']);
  expect(discover('method', project).find(({ name }) => name === 'upper')).toEqual({
    name: 'upper',
    title: '@SSL/UPPER',
    packageName: '@ssl/upper',
    directory: join(root, 'node_modules/@ssl/upper'),
  });
});

test('a link of a workspace leads to the real folder; a broken one and a broken manifest are passed over', () => {
  const real = write(join(root, 'packages/linked'), method('@ssl/linked'));
  const scope = join(project, 'node_modules/@ssl');
  mkdirSync(join(scope, 'broken'), { recursive: true });
  writeFileSync(join(scope, 'broken/package.json'), '{');
  symlinkSync(real, join(scope, 'linked'));
  symlinkSync(join(root, 'nowhere'), join(scope, 'dangling'));
  expect(discover('method', project).find(({ name }) => name === 'linked')?.directory).toBe(real);
});

test.each([
  ['a string', './index.js'],
  ['conditions', { '.': { types: './index.d.ts', import: './index.js' } }],
  ['nested conditions', { '.': { require: './no.cjs', import: { types: './index.d.ts', default: './index.js' } } }],
])('the method is imported through exports: %s', async (_, exports) => {
  write(join(project, 'node_modules/@ssl/mine'), { ...method('@ssl/mine'), exports }, code(1));
  expect(await loadMethod('mine', project)).toMatchObject({ spec: 1, name: 'x' });
  expect(await loadMethod('@ssl/mine', project)).toMatchObject({ spec: 1 });
});

test('a method that is not installed: those that are, and how to get it, but no invitation to install a slip', async () => {
  write(join(project, 'node_modules/@ssl/byolish'), method('@ssl/byolish'));
  await expect(loadMethod('other', project)).rejects.toThrow(
    /must be an installed method \(.*byolish.*\); got 'other'; to install it: npm install @ssl\/other$/,
  );
  await expect(loadMethod('byolsih', project)).rejects.toThrow(/got 'byolsih'; did you mean 'byolish'\?$/);
});

test.each([
  ['spec 2', code(2)],
  ['none', 'export const other = 1;'],
])('a package that does not keep the contract is refused: %s', async (got, body) => {
  write(join(project, 'node_modules/@ssl/mine'), method('@ssl/mine'), body);
  await expect(loadMethod('mine', project)).rejects.toThrow(new RegExp(`@ssl/mine: .* spec 1; got ${got}`));
});

test('data sets are found in the same way, and are no methods', () => {
  write(join(project, 'node_modules/@ssl/pictures'), { name: '@ssl/pictures', ssl: { kind: 'dataset' } });
  write(join(project, 'node_modules/@ssl/byolish'), method('@ssl/byolish'));
  const found = discover('dataset', project).filter(({ directory }) => directory.startsWith(root));
  expect(found.map(({ packageName }) => packageName)).toEqual(['@ssl/pictures']);
});
