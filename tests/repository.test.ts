/** The repository keeps its own rules: every part of `pnpm check` passes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { ROOT, run, tool } from './pack/packed.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

it.each(scripts.check!.split(' && '))(
  '%s',
  async command => {
    const [program, ...args] = command.split(' ');
    // Throws with all that it printed.
    await (program === 'node' ? run(process.execPath, args, ROOT) : tool(program!, args));
  },
  120_000,
);
