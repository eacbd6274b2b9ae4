import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../errors.ts';
import type { FileDataset } from '../file-dataset.ts';
import { fileList } from './file-list.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true });
});

/** A folder with pictures of one grey value each, by name, and other files. */
async function folder(pictures: Record<string, number>, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'file-list-'));
  made.push(dir);
  for (const [path, value] of Object.entries(pictures)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await sharp({ create: { width: 4, height: 4, channels: 3, background: { r: value, g: value, b: value } } })
      .png()
      .toFile(join(dir, path));
  }
  for (const [path, text] of Object.entries(files)) await writeFile(join(dir, path), text);
  return dir;
}
const pathsOf = (data: FileDataset): string[] => Array.from({ length: data.size }, (_, i) => data.path(i));
const PICTURES = { 'a.png': 10, 'sub/b,c.png': 20, 'sub/d.png': 30 };

it('reads CSV with quotes, a byte order mark, other columns and rows without a label', async () => {
  const csv =
    '\uFEFF"Image",id,Label\r\n"sub/b,c.png",1,dog\r\na.png,2,\r\n\r\nsub/d.png,3,"big ""cat"""\r\na.png,4,dog\r\n';
  const data = await fileList(join(await folder(PICTURES, { 'list.csv': csv }), 'list.csv'));
  expect(pathsOf(data)).toEqual(['sub/b,c.png', 'a.png', 'sub/d.png', 'a.png']);
  expect(data.classes).toEqual(['big "cat"', 'dog']);
  expect([...data.labels!]).toEqual([1, -1, 0, 1]);
  expect((await data.image(0)).data[0]).toBe(20);
  const { bytes, decode } = await data.encoded!(2);
  expect([(await sharp(bytes).raw().toBuffer())[0], decode]).toEqual([30, { channels: 3 }]);
});

it('reads JSON lines, whole numbers as labels, and paths below another root', async () => {
  const lines = [
    { file: 'd.png', class: 10 },
    { file: 'b,c.png', class: 9 },
    { file: 'd.png', class: -1 },
    { file: 'd.png' },
  ];
  const dir = await folder(PICTURES, { 'list.jsonl': `\uFEFF${lines.map(line => JSON.stringify(line)).join('\n\n')}` });
  const data = await fileList(join(dir, 'list.jsonl'), { root: join(dir, 'sub'), channels: 1 });
  expect(data.classes).toEqual(['9', '10']);
  expect([...data.labels!]).toEqual([1, 0, -1, -1]);
  expect([...(await data.image(1)).data]).toEqual(new Array(16).fill(20));
});

it('takes named columns, no labels where there is no such column, and given classes by name or place', async () => {
  const csv = 'where\tkind\na.png\tdog\nsub/d.png\t0\n';
  const file = join(await folder(PICTURES, { 'list.tsv': csv, 'plain.csv': 'path\na.png\n' }), 'list.tsv');
  const data = await fileList(file, { path: 'where', label: 'kind', classes: ['bird', 'dog'] });
  expect([data.classes, [...data.labels!]]).toEqual([
    ['bird', 'dog'],
    [1, 0],
  ]);
  const plain = await fileList(join(dirname(file), 'plain.csv'));
  expect([plain.labels, plain.classes]).toEqual([undefined, undefined]);
  await expect(fileList(file, { path: 'where', label: 'kind', classes: ['dig'] })).rejects.toThrow(
    /a label must be one of the 1 classes; got 'dog' in line 2 of .*; did you mean 'dig'\?/,
  );
});

it('leaves out, counts and names what is missing, empty or broken', async () => {
  const csv = 'path,label\na.png,x\ngone.png,y\nempty.png,x\ntext.png,x\nsub/d.png,z\n';
  const dir = await folder(PICTURES, { 'list.csv': csv, 'empty.png': '', 'text.png': 'no picture' });
  const data = await fileList(join(dir, 'list.csv'));
  expect(data.skipped).toEqual([
    { path: 'gone.png', reason: 'no such file' },
    { path: 'empty.png', reason: 'empty file (0 bytes)' },
    { path: 'text.png', reason: 'not in a format that can be read' },
  ]);
  expect([pathsOf(data), data.classes, [...data.labels!]]).toEqual([
    ['a.png', 'sub/d.png'],
    ['x', 'y', 'z'],
    [0, 2],
  ]);
  await expect(fileList(join(dir, 'list.csv'), { root: '/nowhere' })).rejects.toThrow(
    /must name at least one readable picture; got 5 of 5 pictures skipped: a\.png \(no such file\).*give another `root`/,
  );
});

it('has a fingerprint that changes with a path, a label and the way of decoding', async () => {
  const dir = await folder(PICTURES, {
    'a.csv': 'path,label\na.png,x\nsub/d.png,y\n',
    'label.csv': 'path,label\na.png,y\nsub/d.png,x\n',
    'path.csv': 'path,label\na.png,x\n"sub/b,c.png",y\n',
    'again.csv': 'label,path\nx,a.png\ny,sub/d.png\n',
  });
  const print = async (name: string, options = {}): Promise<string> =>
    (await fileList(join(dir, `${name}.csv`), options)).fingerprint;
  const prints = await Promise.all([print('a'), print('label'), print('path'), print('a', { channels: 1 })]);
  expect(new Set(prints).size).toBe(4);
  expect(await print('again')).toBe(prints[0]);
});

it.each([
  ['x.csv', 'name,label\na.png,x\n', /must have a column path, image, file, filename; got name, label; name the one/],
  ['x.csv', 'path,label\na.png\n', /Invalid Record Length.*line 2/],
  ['x.csv', 'path,label\n"a.png,x\n', /the list must be a readable file in its format.*[Qq]uote/],
  ['x.csv', 'path,label\n,x\n', /every row must have a path; got none in line 2/],
  ['x.csv', 'path\n', /must name at least one picture; got none/],
  ['x.jsonl', '{"path":"a.png"}\n{"path":', /every line must be JSON; got \{"path": in line 2/],
  ['x.jsonl', '{"path":3}', /a path must be a string; got 3 in line 1/],
  ['x.jsonl', '{"path":"a.png","label":[1]}', /a label must be a string or a whole number; got \[1\] in line 1/],
  ['x.jsonl', '["a.png"]', /every line must be an object/],
])('refuses %s with %j', async (name, text, message) => {
  await expect(fileList(join(await folder(PICTURES, { [name]: text }), name))).rejects.toThrow(message);
});

it('refuses a list that is missing or in another format, and unknown options', async () => {
  for (const name of ['gone.csv', 'gone.jsonl']) {
    const opening = fileList(join(tmpdir(), name));
    await expect(opening).rejects.toThrow(/got ".*gone\..*": no such file/);
    await expect(opening).rejects.toBeInstanceOf(DataError);
  }
  await expect(fileList('list.txt')).rejects.toThrow(
    'fileList: the list must end in .csv, .tsv, .jsonl, .ndjson; got "list.txt"',
  );
  for (const wrong of [{ chanels: 1 }, { channels: 0 }, { verify: 'all' }]) {
    await expect(fileList('list.csv', wrong as object)).rejects.toBeInstanceOf(ConfigError);
  }
});
