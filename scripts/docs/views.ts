/**
 * Writes docs/views.md and its pictures: `pnpm docs:views`. The same sources give the same files; another version of sharp may give
 * other bytes. Takes about a minute.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { viewsPage } from './views-page.ts';
import { pictures } from './views-pictures.ts';
import { scenes } from './views-scene.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const FOLDER = join(DOCS, 'images/views');

mkdirSync(FOLDER, { recursive: true });
const drawn = await pictures(await scenes());
for (const [name, png] of drawn) writeFileSync(join(FOLDER, `${name}.png`), png);
for (const file of readdirSync(FOLDER)) if (!drawn.has(file.replace(/\.png$/, ''))) rmSync(join(FOLDER, file));
writeFileSync(join(DOCS, 'views.md'), viewsPage());
const total = [...drawn.values()].reduce((sum, png) => sum + png.length, 0);
console.log(`docs/views.md and ${drawn.size} pictures, ${Math.round(total / 1024)} KiB`);
