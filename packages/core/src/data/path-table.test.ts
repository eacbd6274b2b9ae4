import { expect, it } from 'vitest';
import { digest } from './dataset.ts';
import { filterPaths, pathTableBuilder } from './path-table.ts';

function tableOf(paths: readonly string[]): ReturnType<ReturnType<typeof pathTableBuilder>['finish']> {
  const builder = pathTableBuilder();
  for (const path of paths)
    builder.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))), path.slice(path.lastIndexOf('/') + 1));
  return builder.finish();
}
const pathsOf = (table: ReturnType<typeof tableOf>): string[] =>
  Array.from({ length: table.size }, (_, i) => table.at(i));

it('gives back every path: none in a folder, folders that come again, names of any letters, thousands', () => {
  const few = ['top.png', 'a/x.png', 'a/ü漢😀.png', 'a/b/y.png', 'a/z.png', 'last.png'];
  expect(pathsOf(tableOf(few))).toEqual(few);
  const many = Array.from(
    { length: 3_000 },
    (_, i) => `folder-${Math.floor(i / 7) % 50}/picture-${'é'.repeat(i % 9)}${i}.png`,
  );
  expect(pathsOf(tableOf(many))).toEqual(many);
  expect(tableOf([]).size).toBe(0);
});

it('knows the folder of each path, and keeps those asked for', () => {
  const table = tableOf(['a/x', 'a/y', 'b/c/z', 'w']);
  expect([0, 1, 2, 3].map(i => table.folderOf(i))).toEqual(['a', 'a', 'b/c', '']);
  expect([...table.starts]).toEqual([0, 2, 3]);
  expect(pathsOf(filterPaths(table, i => i !== 1))).toEqual(['a/x', 'b/c/z', 'w']);
});

it('has content that tells tables apart', () => {
  const lists = [['a/bc', 'a/d'], ['a/b', 'a/cd'], ['ab/c', 'ab/d'], ['a/bc', 'b/d'], ['a/bc']];
  expect(new Set(lists.map(list => digest(...tableOf(list).content))).size).toBe(lists.length);
});
