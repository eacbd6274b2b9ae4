/** For tests: ends a run at any of its changes to the file system, as a kill does: what was being written is half there, and nothing is tidied up. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { runFolder } from './index.ts';

/** What was changed so far, in order: `append metrics.jsonl`. Random parts of names are left out. */
export const journal: string[] = [];

type Death = (label: string) => Promise<void> | void;
let death: Death = () => {};
let dead = false;

/** Stands for the end of the process where the process itself has to live on. */
export class Died extends Error {}

/** Every change fails from the `count`-th on, which is made by half. */
export function dieAt(count: number): void {
  reset(label => {
    if (journal.length === count) throw new Died(label);
  });
}

/** The process is killed at the `count`-th change whose label is `wanted`. */
export function killAt(wanted: string, count: number): void {
  let left = count;
  reset(label => {
    if (label === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  });
}

/** Changes work again, as in a new process. */
export function liveOn(out?: string): void {
  reset(() => {});
  const lock = out && runFolder(out).lock;
  // This process still lives, so its claim would be respected.
  if (lock && existsSync(lock))
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(`"pid":${process.pid}`, '"pid":4194305'));
}

function reset(next: Death): void {
  journal.length = 0;
  dead = false;
  death = next;
}

async function change<R>(
  verb: string,
  path: unknown,
  whole: () => Promise<R>,
  half?: () => Promise<unknown>,
): Promise<R> {
  if (dead) throw new Died();
  const name = basename(String(path)).replace(/\.\d+\.[0-9a-f]{8}\.partial$/, '.partial');
  journal.push(`${verb} ${name}`);
  try {
    await death(journal.at(-1)!);
  } catch (error) {
    dead = true;
    await half?.();
    throw error;
  }
  return whole();
}

const { open, appendFile, writeFile, rename, rm, rmdir, mkdir } = fs;
const halfOf = (data: unknown): string => String(data).slice(0, String(data).length / 2);

Object.assign(fs, {
  appendFile: (path: string, data: string) =>
    change(
      'append',
      path,
      () => appendFile(path, data),
      () => appendFile(path, halfOf(data)),
    ),
  writeFile: (path: string, data: string, options: object) =>
    change(
      'write',
      path,
      () => writeFile(path, data, options),
      () => writeFile(path, halfOf(data), options),
    ),
  rename: (from: string, to: string) => change('rename', to, () => rename(from, to)),
  rm: (path: string, options: object) => change('rm', path, () => rm(path, options)),
  rmdir: (path: string) => change('rmdir', path, () => rmdir(path)),
  mkdir: (path: string, options: object) => change('mkdir', path, () => mkdir(path, options)),
  async open(path: string, flags: string) {
    if (flags === 'r') return open(path, flags);
    return watched(path, await change('open', path, () => open(path, flags)));
  },
});
syncBuiltinESMExports();

/** The calls of a handle that our writers make. */
function watched(path: string, handle: FileHandle): Pick<FileHandle, 'write' | 'sync' | 'close'> {
  const write = (bytes: Uint8Array, offset: number, length: number, position: number): Promise<unknown> =>
    change(
      'fill',
      path,
      () => handle.write(bytes, offset, length, position),
      () => handle.write(bytes, offset, length >> 1, position),
    );
  return {
    write: write as FileHandle['write'],
    sync: () => change('sync', path, () => handle.sync()),
    close: () => handle.close(),
  };
}
