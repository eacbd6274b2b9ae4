/** Rules about the README of a method, which the test of the packed packages follows in an empty project. */
import type { Repository } from './repository.ts';

/** What to install, and a program and a command under `## Train` that do not write into the same run folder. */
export function methodReadmes({ packages, files, read }: Repository): string[] {
  const methods = packages.filter(({ folder, manifest }) => {
    return manifest.ssl?.kind === 'method' && files.includes(`${folder}/README.md`);
  });
  return methods.flatMap(({ folder, short }) => {
    const text = read(`${folder}/README.md`);
    const train = /^## Train\n([\s\S]*?)^## /m.exec(text)?.[1] ?? '';
    const program = /^```ts(?: run)?\n([\s\S]*?)^```$/m.exec(train)?.[1];
    const install = `\`npm install @ssl/${short} @ssl/core @ssl/cli && npx ssl engine install\``;
    const wrong = (rule: string, got: string, fix: string): string =>
      `${folder}/README.md: ${rule}; got ${got}; ${fix}`;
    return [
      !text.includes(`\n${install}\n`) && wrong(`must have the line ${install}`, 'none', 'add it under ## Install'),
      !program?.includes('epochs: ') &&
        wrong(
          '## Train must begin with a ts block whose recipe has epochs',
          program ? 'no epochs' : 'no block',
          'add it',
        ),
      !/`npx ssl pretrain [^`]*`/.test(train) && wrong('## Train must have `npx ssl pretrain …`', 'none', 'add it'),
      program?.includes(`'runs/${short}'`) &&
        wrong(`the program must leave runs/${short} to the command`, `'runs/${short}'`, "write 'runs/first'"),
    ].filter(problem => typeof problem === 'string');
  });
}
