/**
 * Compiles the WebAssembly of core after its source was changed (`pnpm wasm`). The result is committed: nobody else needs the compiler, which is
 * larger than all other tools together and therefore no dependency.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const FLAGS = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd'];
const CORE = fileURLToPath(new URL('../packages/core/', import.meta.url));

export const SOURCE: string = join(CORE, 'wasm/resize.ts');
const COMPILED = join(CORE, 'src/data/resize-kernel.gen.ts');

/** What the compiled file says of its source. */
export function hashOf(source: Uint8Array): string {
  return createHash('sha256').update(source).digest('hex');
}

if (import.meta.main) {
  const folder = mkdtempSync(join(tmpdir(), 'ssl-wasm-'));
  try {
    const out = join(folder, 'out.wasm');
    execFileSync('npx', ['--yes', `--package=${COMPILER}`, 'asc', SOURCE, '-o', out, ...FLAGS], { stdio: 'inherit' });
    const lines = readFileSync(out)
      .toString('base64')
      .match(/.{1,110}/g)!;
    writeFileSync(
      COMPILED,
      `// Written by \`pnpm wasm\` from wasm/resize.ts (${COMPILER}).\n` +
        `export const RESIZE_SOURCE = '${hashOf(readFileSync(SOURCE))}';\n` +
        `export const RESIZE_KERNEL: string =\n${lines.map(line => `  '${line}'`).join(' +\n')};\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
