/** Asks the engine about itself in a process of its own: a broken native library ends the process that loads it. */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `probeEngine()` of the engine returns. */
export interface EngineProbe {
  readonly version: string;
  readonly devices: readonly { readonly name: string; readonly type: string; readonly memoryBytes: number }[];
  readonly threads: { readonly intra: number; readonly inter: number };
  readonly xla: boolean;
  readonly missingSymbols: readonly string[];
}

export type ProbeOutcome =
  | { readonly kind: 'answered'; readonly probe: EngineProbe }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'crashed'; readonly signal: string; readonly output: string }
  | { readonly kind: 'silent' };

const LONGEST_MS = 120_000;
const KEPT_CHARS = 2000;

// The module's own name is resolved from the folder of this file, so that it is this package both as sources and built;
// the engine then looks for the library from the folder of the caller.
const CODE = `
const [, cwd, specifier] = process.argv;
try {
  const { probeEngine } = await import(specifier);
  process.chdir(cwd);
  process.send({ probe: probeEngine() }, () => process.exit(0));
} catch (error) {
  process.send({ message: error.message }, () => process.exit(0));
}`;

/** @param specifier the module that exports `probeEngine`. */
export function probeInChild(specifier = '@ssl/core/engine'): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CODE, '--', process.cwd(), specifier], {
      cwd: dirname(fileURLToPath(import.meta.url)),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    let answer: { probe?: EngineProbe; message?: string } = {};
    let output = '';
    child.on('message', message => {
      answer = message as typeof answer;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_CHARS);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (answer.probe) resolve({ kind: 'answered', probe: answer.probe });
      else if (answer.message !== undefined) resolve({ kind: 'refused', message: answer.message });
      else if (signal === 'SIGKILL' && child.killed) resolve({ kind: 'silent' });
      else resolve({ kind: 'crashed', signal: signal ?? `exit code ${code}`, output: output.trim() });
    });
  });
}
