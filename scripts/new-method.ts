/**
 * `pnpm new <name>`: a method package that builds and passes, to be changed into a new one. It copies `templates` (package, example, parity script,
 * changeset) under the new name, links it, and edits no shared file. `--title "Two words"`, `--paper 2005.10242`.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copyTemplate } from './new-method/copy.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { title: { type: 'string' }, paper: { type: 'string' } },
  });
  const { name, files } = copyTemplate(ROOT, positionals[0] ?? '', values);
  for (const file of files) process.stdout.write(`${file}\n`);
  for (const _ of ['finds the package', 'links it at the root']) {
    const { status } = spawnSync('npx', ['-y', 'pnpm@10', 'install', '--no-frozen-lockfile'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 2],
    });
    if (status !== 0)
      throw new Error(
        `new: the files are there, but could not be linked; got exit code ${status}; run npx -y pnpm@10 install twice`,
      );
  }
  process.stdout.write(`
packages/${name} is a whole method already: npx -y pnpm@10 test packages/${name}
Now make it yours, in this order (CONTRIBUTING.md, "Add a method"): config.ts, loss.ts, scripts/parity, ${name}.ts, README.md.
`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
