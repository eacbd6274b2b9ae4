/** `pnpm new`: what it copies keeps the rules that every method package keeps. (The template's own tests run with all others.) */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadLinks } from '../scripts/check/files.ts';
import { changesets, manifests } from '../scripts/check/packages.ts';
import { openRepository } from '../scripts/check/repository.ts';
import { copyTemplate } from '../scripts/new-method/copy.ts';
import { ROOT } from './pack/packed.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-new-'));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
let files: readonly string[];

beforeAll(() => {
  for (const part of ['templates', 'LICENSE', 'tsup.base.ts', 'examples/simclr/icons.ts']) {
    cpSync(join(ROOT, part), join(root, part), { recursive: true, filter: file => !file.includes('node_modules') });
  }
  files = copyTemplate(root, 'far-apart', { paper: '2101.12345' }).files;
  execFileSync('git', ['init', '-q'], { cwd: root });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a new package', () => {
  it('has the files that a method package has, under its name', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'packages/far-apart/package.json',
        'packages/far-apart/src/far-apart.ts',
        'packages/far-apart/src/parity.ts',
        'packages/far-apart/src/__fixtures__/loss.json',
        'examples/far-apart/train.ts',
        'examples/far-apart/reproduce.ts',
        'scripts/parity/far_apart.py',
        '.changeset/first-far-apart.md',
      ]),
    );
    for (const file of files) expect(read(file), file).not.toMatch(/new.?method|ssl-template|\.\.\/\.\.\/\.\.\//i);
  });

  it('says who it is', () => {
    const { ssl, name, private: hidden } = JSON.parse(read('packages/far-apart/package.json'));
    expect({ ssl, name, hidden }).toEqual({
      ssl: { kind: 'method', title: 'Far Apart', paper: '2101.12345' },
      name: '@ssl/far-apart',
      hidden: undefined,
    });
    expect(read('packages/far-apart/src/far-apart.ts')).toContain('Far Apart (arXiv:2101.12345)');
    // What the template took from its own paper stays cited as such until it is replaced.
    expect(read('packages/far-apart/src/config.ts')).toContain('arXiv:2005.10242');
    expect(read('packages/far-apart/src/index.ts')).toContain('export { type FarApartOptions, farApart }');
    expect(read('examples/far-apart/package.json')).toContain('"name": "@ssl-examples/far-apart"');
  });

  it('passes the checks of the repository', () => {
    const repository = openRepository(root);
    expect([...manifests(repository), ...changesets(repository), ...deadLinks(repository)]).toEqual([]);
  });
});

describe('what is refused', () => {
  it.each(['', 'Far', 'far_apart', '-far', '1far'])("the name '%s'", name => {
    expect(() => copyTemplate(root, name)).toThrow('must be small letters, digits and hyphens');
  });

  it('a name that is taken, and a paper that is none', () => {
    expect(() => copyTemplate(root, 'far-apart')).toThrow('must be free; got packages/far-apart');
    expect(() => copyTemplate(root, 'near', { paper: 'arXiv' })).toThrow('--paper must be an arXiv number');
  });
});
