/**
 * Writes a folder of broken, truncated, mutated and odd pictures, the same ones for the same seed (and version of sharp):
 *
 *   node scripts/data/fuzz-corpus.ts DIR [--seed 1] [--count 2500]
 *
 * Each sound picture once, once under a wrong extension, each odd file, then mutations of the sound ones until there are `count`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { hostRng } from '../../packages/core/src/data/index.ts';
import { MUTATIONS } from './fuzz/mutations.ts';
import { oddFiles } from './fuzz/odd.ts';
import { type Seed, soundPictures } from './fuzz/seeds.ts';

export interface CorpusOptions {
  readonly seed: number;
  /** Files. Those without a mutation come first, in any case. */
  readonly count: number;
}

/** @returns the paths that were written below `dir`; the first folder of each is what was done to it (`sound`: nothing). */
export async function makeCorpus(dir: string, { seed, count }: CorpusOptions): Promise<string[]> {
  const sound = await soundPictures();
  const misnamed = sound.map((picture, i) => ({ ...picture, extension: sound[(i + 9) % sound.length]!.extension }));
  const paths: string[] = [];
  const put = (kind: string, { name, extension, bytes }: Seed): void => {
    const path = `${kind}/${String(paths.length).padStart(5, '0')}-${name}.${extension}`;
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
    paths.push(path);
  };
  for (const picture of sound) put('sound', picture);
  for (const picture of misnamed) put('wrong-extension', picture);
  for (const file of oddFiles()) put('odd', file);
  const others = sound.map(({ bytes }) => bytes);
  const kinds = Object.entries(MUTATIONS);
  while (paths.length < count) {
    const rng = hostRng(seed, 0, paths.length);
    const picture = sound[rng.int(0, sound.length)]!;
    const [kind, mutate] = kinds[paths.length % kinds.length]!;
    put(kind, { ...picture, bytes: mutate(picture.bytes, rng, others) });
  }
  return paths;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '2500' } },
  });
  const [dir] = positionals;
  if (dir === undefined) throw new Error('fuzz-corpus: a folder must be given; got none; write fuzz-corpus.ts DIR');
  const paths = await makeCorpus(dir, { seed: Number(values.seed), count: Number(values.count) });
  console.log(`${paths.length} files in ${dir}`);
}
