/** The rows of the table: what the examples of the methods say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { backbone, type MethodPackage, type ViewPlan } from '@ssl/core';
import type { Given, ReproduceRow } from './row.ts';
import type { Preset, ReproduceSet } from './sets.ts';

const EXAMPLES = fileURLToPath(new URL('../examples/', import.meta.url));

/** A row, and what its numbers follow from. */
export type CodedRow = ReproduceRow & { readonly code: string };

/** In the order of the examples' names, those that learn from labels last. */
export async function reproduceRows(set: ReproduceSet): Promise<readonly CodedRow[]> {
  const { preset } = set;
  const methods = readdirSync(EXAMPLES).filter(name => existsSync(`${EXAMPLES}${name}/reproduce.ts`));
  const rows = await Promise.all(
    methods.sort().map(async name => {
      if (preset) return [{ ...(await asOffered(name, preset, set)), code: '' }];
      const { rows } = (await import(`${EXAMPLES}${name}/reproduce.ts`)) as { rows: readonly ReproduceRow[] };
      const code = codeOf(name);
      return rows.map(row => ({ ...row, code }));
    }),
  );
  return rows.flat().sort((a, b) => Number(a.supervised ?? false) - Number(b.supervised ?? false));
}

/** The files that say what a row trains, without their comments: numbers stay when only words change. */
function codeOf(example: string): string {
  const files = ['reproduce.ts', 'icons.ts', 'settings.ts'].map(file => `${EXAMPLES}${example}/${file}`);
  const lines = files.filter(existsSync).flatMap(file => readFileSync(file, 'utf8').split('\n'));
  return lines.filter(line => !/^\s*(\/[/*]|\*)/.test(line)).join('\n');
}

/** A method as its package offers it: own recipe, own views, default settings, and its own kind of network. */
async function asOffered(
  name: string,
  preset: Preset,
  { views: shared, imageSize }: ReproduceSet,
): Promise<ReproduceRow> {
  const { method } = (await import(`../packages/${name}/src/index.ts`)) as { method: MethodPackage };
  const size = shared?.[0]?.size ?? imageSize;
  const usual = method.backbone?.({ size });
  return {
    name,
    title: name,
    recipe: method.recipes[preset]!,
    views: options => method.viewPlans[preset]!(options),
    ...(usual && {
      ownViews: true,
      backbone: {
        ...{ name: usual.name, title: usual.name },
        make: ({ seed, channels }) => backbone(usual.name, { ...usual.vit, imgSize: size, inChannels: channels, seed }),
      },
    }),
    make: ({ backbone, views, recipe, seed }) => method.create({ backbone, views, recipe, seed }),
  };
}

/** The network and the views of a row: the protocol's, or its own. */
export function ownOf(
  { views, imageSize, backbone: shared }: ReproduceSet,
  row: ReproduceRow,
  options: { readonly seed: number; readonly channels: number },
): Pick<Given, 'backbone' | 'views'> {
  const size = views?.[0]?.size ?? imageSize;
  const own = (): ViewPlan => row.views!({ size, channels: options.channels });
  return {
    backbone: row.backbone ? row.backbone.make(options) : shared(options.seed),
    views: row.ownViews ? own() : (views ?? own()),
  };
}
