/** A method's README, followed in an empty project: what it says to install is there, and its program and its command run as they stand. */
import { chmodSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Packed } from './packed.ts';

export interface Instructions {
  /** Of the packages to install, with their scope. */
  readonly install: readonly string[];
  /** The `ts` block under `## Train`. */
  readonly program: string;
  /** The first `npx ssl pretrain …` under it. */
  readonly command: string;
}

/** As many as make two batches. */
export const PHOTOS = 32;

/** The only changes to what a README says, each for the time that a run takes. */
const SHORTER: readonly (readonly [from: RegExp, to: string])[] = [
  [/, batchSize: \d+|batchSize: \d+, /g, ''],
  [/\bepochs: \d+/g, 'epochs: 1, batchSize: 16'],
  [/backbone\('resnet\d+', \{/g, '$& widthMultiplier: 0.125,'],
];
const SHORTER_COMMAND = '--epochs 1 --batch-size 16';

/** Reads a README. Throws where it has no line, program or command of the agreed form. */
export function instructionsOf(readme: string): Instructions {
  const find = (what: string, pattern: RegExp, text = readme): string => {
    const [, found] = pattern.exec(text) ?? [];
    if (found === undefined) throw new Error(`README: it has no ${what}, ${pattern}`);
    return found;
  };
  const train = find('section Train', /^## Train\n([\s\S]*?)^## /m);
  return {
    install: find('line to install', /^`npm install ((?:@ssl\/[\w-]+ )+)&& npx ssl engine install`$/m)
      .trim()
      .split(' '),
    program: find('program under Train', /^```ts(?: run)?\n([\s\S]*?)^```$/m, train),
    command: find('command under Train', /`(npx ssl pretrain [^`]*)`/, train),
  };
}

/** The program with fewer epochs, small batches, and a network of an eighth of its width. */
export function shortProgram({ program }: Instructions): string {
  if (!/\bepochs: \d+/.test(program)) throw new Error('README: the program under Train names no epochs');
  return SHORTER.reduce((text, [from, to]) => text.replace(from, to), program);
}

/** The command with the same changes but for the width, which it has no option for. */
export function shortCommand({ command }: Instructions): string {
  return `${command} ${SHORTER_COMMAND}`;
}

/**
 * Makes a project in `folder` with the packages that a README says to install, and nothing else. They are copied, as npm unpacks them, since
 * none needs anything but core (the test says so); core, which does, is a link to where it was installed with what it needs.
 *
 * @param core the installed core
 */
export function projectWith(folder: string, packed: readonly Packed[], core: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  mkdirSync(join(modules, '@ssl'));
  for (const { manifest, folder: unpacked } of packed) {
    const target = join(modules, manifest.name);
    if (manifest.name === '@ssl/core') symlinkSync(realpathSync(core), target);
    else cpSync(unpacked, target, { recursive: true });
    for (const [command, file] of Object.entries((manifest.bin ?? {}) as Record<string, string>)) {
      symlinkSync(join(target, file), join(modules, '.bin', command));
      chmodSync(join(target, file), 0o755);
    }
  }
  const dependencies = Object.fromEntries(packed.map(({ manifest }) => [manifest.name, manifest.version]));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
}
