/** What a run is: everything that decides its weights, besides the initial ones. */
import { CheckpointError } from '../errors.ts';
import type { Json } from '../method/index.ts';
import type { Recipe } from '../method/recipe.ts';
import { type PretrainOptions, probeOf } from './options.ts';

export type RunConfig = { readonly [key: string]: Json };

/**
 * The initial weights are not in here: a resumed run has its weights from the checkpoint. Nor is the machine: the same bits are promised on the
 * same kind of machine, with the same version of the engine and as many threads.
 */
export function runConfig(options: PretrainOptions, recipe: Recipe, imageSize: number): RunConfig {
  const { method, data, seed = 0 } = options;
  const config = {
    spec: method.spec,
    method: method.name,
    config: method.config,
    backbone: method.backbone.name,
    channels: method.backbone.inChannels,
    views: method.views,
    recipe,
    data: { name: data.name, size: data.size, fingerprint: data.fingerprint },
    imageSize,
    seed,
    probe: probeOf(options),
  };
  return JSON.parse(JSON.stringify(config)) as RunConfig; // as it will be read back: without what is undefined
}

/** Throws `CheckpointError` naming each setting that differs. */
export function checkSameRun(path: string, stored: RunConfig, given: RunConfig): void {
  const { data: storedData, ...storedRest } = stored;
  const { data: givenData, ...givenRest } = given;
  const differing = [...differences(storedRest, givenRest), ...dataDifference(storedData, givenData)];
  if (differing.length === 0) return;
  throw new CheckpointError(
    `pretrain: only the same run can be resumed; ${path} differs in ${differing.join('; ')}; use the same settings or another folder`,
  );
}

/** Data under another name are the same data: a folder may have moved. */
function dataDifference(stored: Json | undefined, given: Json | undefined): string[] {
  const [a, b] = [stored, given].map(data => (isRecord(data) ? data : {})) as [RunConfig, RunConfig];
  if (a.fingerprint === b.fingerprint) return [];
  return [`data: ${a.size} images of ${a.name}, now other ones, ${b.size} of ${b.name}`];
}

/** `recipe.epochs: 100, now 200` for each leaf that is not the same. */
function differences(stored: Json | undefined, given: Json | undefined, path = ''): string[] {
  if (isRecord(stored) && isRecord(given)) {
    const keys = new Set([...Object.keys(stored), ...Object.keys(given)]);
    return [...keys].flatMap(key => differences(stored[key], given[key], path ? `${path}.${key}` : key));
  }
  if (Array.isArray(stored) && Array.isArray(given) && stored.length === given.length)
    return stored.flatMap((each, i) => differences(each, given[i], `${path}[${i}]`));
  const [a, b] = [JSON.stringify(stored), JSON.stringify(given)];
  return a === b ? [] : [`${path}: ${a ?? 'nothing'}, now ${b ?? 'nothing'}`];
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
