import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { plans } from '@ssl/core/data';
import { describe, expect, test } from 'vitest';
import { viewOps } from '../packages/core/src/data/views/registry.ts';
import { viewsPage } from '../scripts/docs/views-page.ts';

const DOCS = join(import.meta.dirname, '../docs');
const page = readFileSync(join(DOCS, 'views.md'), 'utf8');
const [KIB, LARGEST, MOST] = [1024, 40, 1536];

describe('docs/views.md', () => {
  test('is what `pnpm docs:views` writes', () => {
    expect(page).toBe(viewsPage());
  });

  test.each([...viewOps, ...Object.keys(plans).map(name => `plans.${name}`)])(
    '%s has a section and a picture',
    name => {
      expect(page).toContain(`### ${name}\n`);
      expect(page).toContain(`(images/views/${name.replace('plans.', 'plan-')}.png)`);
    },
  );

  test('says what every setting of every op is', () => {
    const empty = page.split('\n').filter(line => /^\| `\w+` \|.*\|\s*\|$/.test(line));
    expect(empty).toEqual([]);
  });

  test('its pictures are there, and small', () => {
    const names = [...page.matchAll(/\((images\/views\/[^)]+)\)/g)].map(([, path]) => path!);
    expect(names.filter(path => !existsSync(join(DOCS, path)))).toEqual([]);
    const sizes = readdirSync(join(DOCS, 'images/views')).map(
      file => statSync(join(DOCS, 'images/views', file)).size / KIB,
    );
    expect(sizes).toHaveLength(names.length);
    expect(Math.max(...sizes)).toBeLessThan(LARGEST);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST);
  });
});
