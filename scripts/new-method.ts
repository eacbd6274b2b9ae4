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
  // The first one finds the package, the second links it at the root.
  for (const _ of [1, 2]) demand(['npx', '-y', 'pnpm@10', 'install', '--no-frozen-lockfile'], 'could not be linked');
  // Another name sorts imports and breaks lines in other places.
  const written = [`packages/${name}`, `examples/${name}`];
  demand(['npx', '-y', 'pnpm@10', 'exec', 'biome', 'check', '--write', ...written], 'could not be formatted');
  process.stdout.write(`
packages/${name} is a whole method already: npx -y pnpm@10 test packages/${name}
Now make it yours, in this order (CONTRIBUTING.md, "Add a method"): config.ts, loss.ts, scripts/parity, ${name}.ts, README.md.
`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

/** Runs a command in the root, in silence unless it fails. */
function demand([program, ...args]: readonly string[], failure: string): void {
  const { status, stdout, stderr } = spawnSync(program!, args, { cwd: ROOT, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`${stdout}${stderr}\nnew: the files are there, but ${failure}; run ${program} ${args.join(' ')}`);
}
