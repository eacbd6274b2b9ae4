/** The rows of the table: what the examples of the methods say. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MethodPackage } from '@ssl/core';
import type { ReproduceRow } from './row.ts';
import type { Preset, ReproduceSet } from './sets.ts';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));

/** In the order of the examples' names, those that learn from labels last. */
export async function reproduceRows({ preset }: Pick<ReproduceSet, 'preset'>): Promise<readonly ReproduceRow[]> {
  const methods = readdirSync(EXAMPLES).filter(name => existsSync(`${EXAMPLES}${name}/reproduce.ts`));
  const rows = await Promise.all(
    methods.sort().map(async name => {
      if (preset) return [await asOffered(name, preset)];
      return ((await import(`${EXAMPLES}${name}/reproduce.ts`)) as { rows: readonly ReproduceRow[] }).rows;
    }),
  );
  return rows.flat().sort((a, b) => Number(a.supervised ?? false) - Number(b.supervised ?? false));
}

/** A method as its package offers it: own recipe, own views, default settings. */
async function asOffered(name: string, preset: Preset): Promise<ReproduceRow> {
  const { method } = (await import(`../packages/${name}/src/index.ts`)) as { method: MethodPackage };
  return {
    name,
    title: name,
    recipe: method.recipes[preset]!,
    views: options => method.viewPlans[preset]!(options),
    make: ({ backbone, views, recipe, seed }) => method.create({ backbone, views, recipe, seed }),
  };
}
