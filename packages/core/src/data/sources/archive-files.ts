/** The files that make up a dataset: given by name, as a folder, a glob or with braces. */
import { createHash } from 'node:crypto';
import { glob, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ConfigError, DataError } from '../../errors.ts';
import { systemFault } from '../file-fault.ts';
import { forEachLimited } from '../parallel.ts';

export interface ArchiveFile {
  readonly path: string;
  /** For messages and fingerprints: the last part of the path. */
  readonly name: string;
  readonly bytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
}

/** Calls to the file system at once. */
const IN_FLIGHT = 16;
/** Names that braces may stand for. */
const MAX_EXPANDED = 1_000_000;

/**
 * The files that `sources` stand for, each once, in the order given; those of a folder or a glob by name. `{000..099}` stands for every
 * number, `{train,val}` for each word. A path that exists is taken as it is, whatever characters it has.
 * @param who the caller, for messages.
 * @param extension of the files of a folder, without the dot.
 * @throws DataError when a file is missing or nothing is found.
 * @throws ConfigError for an address of a server.
 */
export async function archiveFiles(
  who: string,
  sources: string | readonly string[],
  extension: string,
): Promise<ArchiveFile[]> {
  const given = typeof sources === 'string' ? [sources] : sources;
  const paths: string[] = [];
  for (const source of given) paths.push(...(await expanded(who, source, extension)));
  const unique = [...new Set(paths.map(path => resolve(path)))];
  if (unique.length === 0) {
    throw new DataError(
      `${who}: there must be at least one .${extension} file; got none for ${given.map(source => `"${source}"`).join(', ') || 'an empty list'}; check the path`,
    );
  }
  return looked(who, unique);
}

/** `a{1..3}{b,c}` in full, in order; numbers keep the leading zeros of the first. */
export function expandBraces(who: string, pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (!found) return [pattern];
  const [, before, inside, after] = found as unknown as [string, string, string, string];
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  const middles = range ? numbers(who, pattern, range[1]!, range[2]!) : inside.split(',');
  const rest = expandBraces(who, after);
  if (middles.length * rest.length > MAX_EXPANDED) throw tooMany(who, pattern);
  return middles.flatMap(middle => rest.map(end => before + middle + end));
}

function numbers(who: string, pattern: string, first: string, last: string): string[] {
  const [from, to] = [Number(first), Number(last)];
  if (Math.abs(to - from) >= MAX_EXPANDED) throw tooMany(who, pattern);
  const step = to < from ? -1 : 1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) =>
    String(from + step * i).padStart(/^0\d/.test(first) ? first.length : 0, '0'),
  );
}

function tooMany(who: string, pattern: string): ConfigError {
  return new ConfigError(`${who}: braces must stand for at most ${MAX_EXPANDED} names; got ${pattern}; use a glob`);
}

async function expanded(who: string, source: string, extension: string): Promise<string[]> {
  if (/^(pipe:|[a-z][a-z0-9+.-]+:\/\/)/i.test(source)) {
    throw new ConfigError(
      `${who}: files must be on a disk or a mounted file system; got "${source}"; download them first`,
    );
  }
  const kind = await kindOf(source);
  if (kind === 'folder') {
    const names = (await readdir(source)).filter(name => name.endsWith(`.${extension}`) && !name.startsWith('.'));
    return names.sort().map(name => join(source, name));
  }
  if (kind === 'file') return [source];
  const paths: string[] = [];
  for (const path of expandBraces(who, source)) {
    if (!/[*?[]/.test(path)) {
      paths.push(path);
      continue;
    }
    const found: string[] = [];
    for await (const file of glob(path)) found.push(file);
    for (const file of found.sort()) paths.push(file);
  }
  return paths;
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  return stat(path).then(
    found => (found.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );
}

async function looked(who: string, paths: readonly string[]): Promise<ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  const missing: string[] = [];
  await forEachLimited(paths.length, IN_FLIGHT, async i => {
    const path = paths[i]!;
    try {
      const { size, mtimeNs } = await stat(path, { bigint: true });
      const stamp = createHash('sha256').update(`${path}\0${size}\0${mtimeNs}`).digest('hex');
      files[i] = { path, name: basename(path), bytes: Number(size), stamp };
    } catch (error) {
      missing.push(`${path}: ${systemFault(error) ?? (error as Error).message}`);
    }
  });
  if (missing.length === 0) return files;
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  throw new DataError(
    `${who}: every file must be there; got ${missing.sort().slice(0, 3).join(', ')}${more}; fetch what is missing, or leave it out of the names`,
  );
}
