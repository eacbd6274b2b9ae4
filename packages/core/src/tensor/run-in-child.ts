/** For tests: runs a few lines in a process of their own, where the environment and the library may be others. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * @param module the address of the module whose exports `expression` uses as `m`.
 * @param expression gives what is returned, as JSON; may be a promise.
 */
export async function runInChild<R>(
  module: URL,
  expression: string,
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<R> {
  const code = `const m = await import(${JSON.stringify(module.href)}); console.log(JSON.stringify(await (${expression})));`;
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '--eval', code], {
    env: { ...process.env, ...environment },
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as R;
}
