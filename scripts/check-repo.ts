/** The rules that neither types nor the linter know. Prints what is wrong and how to mend it; part of `pnpm check`. */
import { fileURLToPath } from 'node:url';
import { deadLinks, leaks, longFiles } from './check/files.ts';
import { changesets, manifests, methodPackages } from './check/packages.ts';
import { methodReadmes } from './check/readmes.ts';
import { openRepository } from './check/repository.ts';

const repository = openRepository(fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''));
const problems = [
  ...manifests(repository),
  ...(await methodPackages(repository)),
  ...methodReadmes(repository),
  ...changesets(repository),
  ...longFiles(repository),
  ...deadLinks(repository),
  ...leaks(repository),
];
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.stdout.write(`check-repo: ${repository.files.length} files, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
