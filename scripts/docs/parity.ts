/** `pnpm docs:parity`: measures every comparison with a reference and writes docs/parity.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parityPage } from './parity-page.ts';

const PAGE = new URL('../../docs/parity.md', import.meta.url);
writeFileSync(PAGE, await parityPage());
process.stdout.write(`${readFileSync(PAGE, 'utf8').split('\n').length} lines in docs/parity.md\n`);
