import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveFiles, expandBraces } from './archive-files.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'archive-files-'));
  await mkdir(join(dir, 'part.tar'));
  for (const name of ['b.tar', 'a.tar', '.hidden.tar', 'c.txt', 'odd{1..2}[x].tar'])
    await writeFile(join(dir, name), name);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('expandBraces', () => {
  it.each([
    ['s-{008..011}.tar', ['s-008.tar', 's-009.tar', 's-010.tar', 's-011.tar']],
    ['{9..11}', ['9', '10', '11']],
    ['{2..0}', ['2', '1', '0']],
    ['{train,val}-{0..1}', ['train-0', 'train-1', 'val-0', 'val-1']],
    ['none.tar', ['none.tar']],
  ])('writes %s out as a shell does', (pattern, names) => {
    expect(expandBraces('test', pattern)).toEqual(names);
  });

  it('refuses more names than anybody has', () => {
    expect(() => expandBraces('test', '{0..999999999}')).toThrow(/at most 1000000 names/);
    expect(() => expandBraces('test', '{0..9999}{0..9999}')).toThrow(/at most 1000000 names/);
  });
});

describe('archiveFiles', () => {
  it('lists the files of a folder in order, and each file once', async () => {
    const names = async (...sources: string[]): Promise<string[]> =>
      (
        await archiveFiles(
          'test',
          sources.map(source => join(dir, source)),
          'tar',
        )
      ).map(({ name }) => name);
    await rm(join(dir, 'part.tar'), { recursive: true });
    expect(await names('.')).toEqual(['a.tar', 'b.tar', 'odd{1..2}[x].tar']);
    expect(await names('b.tar', '*.tar')).toEqual(['b.tar', 'a.tar', 'odd{1..2}[x].tar']);
    expect(await names('odd{1..2}[x].tar')).toEqual(['odd{1..2}[x].tar']);
    await expect(names('{a,x,y}.tar')).rejects.toThrow(/x\.tar: no such file.*y\.tar: no such file/);
  });
});
