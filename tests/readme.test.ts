/**
 * The programs in the documentation are right: every `ts` block of a Markdown file that begins with an import passes the type check,
 * and those marked `ts run` are run, each in a folder of its own that holds some pictures in `photos`. Commands marked `sh run` are run likewise,
 * with `npx ssl` the command of this repository.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLibrary } from '@ssl/core/setup';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRepository } from '../scripts/check/repository.ts';
import { ROOT, run, tool } from './pack/packed.ts';
import { writePhotos } from './pack/photos.ts';

interface Program {
  /** `docs/data.md:12`: the page, and the line on which the code begins. */
  readonly place: string;
  readonly code: string;
  /** Whether it is marked to be run. */
  readonly runs: boolean;
}

const MINUTES = 60_000;
const PICTURES = 32;
const programs = programsIn(ROOT);
const runnable = programs.filter(({ runs }) => runs).map(program => [program.place, program] as const);
const commands = commandsIn(ROOT).map(command => [command.place, command] as const);
const SSL = join(ROOT, 'packages/cli/src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'ssl-readme-'));

beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const program of programs) writeProgram(program);
  await writePhotos(join(folder, 'photos'), PICTURES);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('there are programs to run', () => {
  expect(runnable.length).toBeGreaterThan(0);
});

it(
  'all pass the type check',
  async () => {
    // The template of a package is not installed anywhere.
    const paths = { '@ssl-template/*': [join(ROOT, 'templates/packages/*/src/index.ts')] };
    const compilerOptions = { declaration: false, isolatedDeclarations: false, paths };
    const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['*/program.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    await tool('tsc', ['-p', folder]); // throws with all that it printed
  },
  3 * MINUTES,
);

it.each(runnable)(
  '%s runs',
  async (_, program) => {
    await run(process.execPath, ['program.ts'], folderOf(program));
  },
  3 * MINUTES,
);

it.each(commands)(
  '%s: the commands run',
  async (_, command) => {
    const own = folderOf(command);
    mkdirSync(own);
    symlinkSync(join(folder, 'photos'), join(own, 'photos'));
    const npx = `npx() { shift; '${process.execPath}' '${SSL}' "$@"; }`;
    const env = `export XDG_CACHE_HOME="$PWD/cache" SSL_ENGINE_DIR='${findLibrary().directory}'`;
    await run('sh', ['-ec', `${env}\n${npx}\n${command.code}`], own);
  },
  3 * MINUTES,
);

function commandsIn(root: string): Program[] {
  return blocksIn(root, /^```sh( run)\n([\s\S]*?)^```$/gm);
}

function programsIn(root: string): Program[] {
  return blocksIn(root, /^```ts( run)?\n(import [\s\S]*?)^```$/gm);
}

/** @param pattern its groups are the mark and the code */
function blocksIn(root: string, pattern: RegExp): Program[] {
  const { files, read } = openRepository(root);
  return files
    .filter(file => file.endsWith('.md'))
    .flatMap(file => {
      const text = read(file);
      return [...text.matchAll(pattern)].map(({ index, 1: mark, 2: code }) => {
        const line = text.slice(0, index).split('\n').length + 1;
        return { place: `${file}:${line}`, code: code!, runs: mark !== undefined };
      });
    });
}

/** Named after the page, so that the messages of tsc and Node say where the code stands. */
function folderOf({ place }: Program): string {
  return join(folder, place.replaceAll(/[/:]/g, '-'));
}

function writeProgram(program: Program): void {
  const own = folderOf(program);
  mkdirSync(own);
  writeFileSync(join(own, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(own, 'program.ts'), program.code);
  symlinkSync(join(folder, 'photos'), join(own, 'photos'));
}
