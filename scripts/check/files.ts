/** Rules about single files. Each check gives what is wrong as `file: rule; got value; what to do`. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Repository } from './repository.ts';

const MOST_LINES = 300;
const BINARY = /\.(png|jpe?g|gif|webp|tiff?|safetensors|bin|npy|whl|zip|gz)$/;

/** What is long is two things. Files that a program writes (`*.gen.ts`) are not read by people. */
export function longFiles({ files, read }: Repository): string[] {
  const sources = files.filter(file => /^packages\/[^/]+\/src\/.*\.ts$/.test(file) && !file.endsWith('.gen.ts'));
  return sources.flatMap(file => {
    const lines = read(file).trimEnd().split('\n').length;
    return lines > MOST_LINES ? [`${file}: at most ${MOST_LINES} lines; got ${lines}; divide it by what it does`] : [];
  });
}

/** Relative links and pictures of every Markdown file lead somewhere. */
export function deadLinks({ root, files, read }: Repository): string[] {
  return files
    .filter(file => file.endsWith('.md'))
    .flatMap(file => {
      const text = read(file)
        .replace(/^```[\s\S]*?^```/gm, '')
        .replace(/`[^`\n]*`/g, '');
      const targets = [...text.matchAll(/\]\(<?([^)>\s]+)>?[^)]*\)|(?:src|href)="([^"]+)"/g)].map(m => m[1] ?? m[2]!);
      const relative = targets.filter(target => !/^([a-z]+:|#)/i.test(target)).map(target => target.split('#')[0]!);
      const dead = relative.filter(target => !existsSync(join(root, dirname(file), decodeURI(target))));
      return dead.map(target => `${file}: links must lead to a file; got ${target}; correct it or remove it`);
    });
}

/** Where a project was made and where packages came from are nobody's business, and wrong on every other machine. */
const LEAKS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:registry\.(?:npmjs|yarnpkg|npmmirror)|files\.pythonhosted|test\.pypi|pypi)\.(?:org|com)\b/,
    "a registry's host",
  ],
  [/(?<![\w.$}])\/(?:root|home\/\w+|work|Users\/\w+)\/[\w.]/, "a machine's path"],
];
const LARGEST = 2 ** 22;

/** No file names the host of a package registry or a path of the machine it was written on. */
export function leaks({ root, files, read }: Repository): string[] {
  const texts = files.filter(file => !BINARY.test(file) && statSync(join(root, file)).size < LARGEST);
  return texts.flatMap(file =>
    read(file)
      .split('\n')
      .flatMap((line, i) => {
        const [pattern, what] = LEAKS.find(([candidate]) => candidate.test(line)) ?? [];
        return pattern ? [`${file}:${i + 1}: must not hold ${what}; got ${pattern.exec(line)![0]}; remove it`] : [];
      }),
  );
}
