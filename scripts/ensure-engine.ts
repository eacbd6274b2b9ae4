/** Gets the engine if there is none. As a program: exit code 1 when that fails. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findLibrary } from '@ssl/core/setup';

const CLI = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url));

export function ensureEngine(): boolean {
  try {
    findLibrary();
    return true;
  } catch (error) {
    // Where one was asked for, another one would not do.
    if (!process.env.SSL_ENGINE_DIR)
      return spawnSync(process.execPath, [CLI, 'engine', 'install'], { stdio: 'inherit' }).status === 0;
    process.stderr.write(`${(error as Error).message}\n`);
    return false;
  }
}

if (import.meta.main) process.exitCode = ensureEngine() ? 0 : 1;
