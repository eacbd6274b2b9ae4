import { ConfigError } from '../errors.ts';
import { configure } from '../method/index.ts';
import { type Recipe, recipeOptimizer } from '../method/recipe.ts';

/** The settings there are; the types of the values are what is checked against. */
const SETTINGS: Required<Omit<Recipe, 'clipNorm' | 'microBatchSize'>> & { clipNorm: null; microBatchSize: null } = {
  optimizer: 'sgd',
  momentum: 0.9,
  b2: 0.999,
  learningRate: 0,
  finalLearningRate: 0,
  scaling: 'linear',
  weightDecay: 0,
  finalWeightDecay: 0,
  warmupEpochs: 0,
  epochs: 1,
  batchSize: 1,
  microBatchSize: null,
  clipNorm: null,
};

const SCALINGS: readonly (string | undefined)[] = ['linear', 'sqrt', 'none', undefined];

/** A recipe with changes on top. Throws `ConfigError` for a setting that does not exist, or is of the wrong type or out of range. */
export function checkedRecipe(base: Recipe, changes: Partial<Recipe>): Recipe {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const recipe = { ...base, ...Object.fromEntries(given) } as Recipe;
  configure('pretrain recipe', SETTINGS, { ...recipe });
  const { learningRate, weightDecay, warmupEpochs, epochs, batchSize, microBatchSize, scaling, clipNorm } = recipe;
  demand('epochs', epochs, 'a whole number of at least 1', isCount(epochs));
  demand('batchSize', batchSize, 'a whole number of at least 1', isCount(batchSize));
  demand('learningRate', learningRate, 'above 0', learningRate > 0);
  demand('weightDecay', weightDecay, '0 or above', weightDecay >= 0);
  for (const name of ['finalLearningRate', 'finalWeightDecay'] as const) {
    demand(name, recipe[name], '0 or above, or absent', (recipe[name] ?? 0) >= 0);
  }
  demand('warmupEpochs', warmupEpochs, '0 or above', warmupEpochs >= 0);
  demand('scaling', scaling, 'linear, sqrt or none', SCALINGS.includes(scaling));
  const clips = typeof clipNorm === 'number' && clipNorm > 0 && Number.isFinite(clipNorm);
  demand('clipNorm', clipNorm, 'a number above 0, or absent', clipNorm === undefined || clips);
  const divides = isCount(microBatchSize) && batchSize % microBatchSize! === 0;
  const rule = `a whole number that divides batchSize ${batchSize}, or absent`;
  demand('microBatchSize', microBatchSize, rule, microBatchSize === undefined || divides);
  recipeOptimizer(recipe); // has its own rules
  return recipe;
}

/** A whole number of at least 1. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function demand(name: string, value: unknown, rule: string, holds: boolean): void {
  if (!holds)
    throw new ConfigError(
      `pretrain recipe: ${name} must be ${rule}; got ${typeof value === 'string' ? `'${value}'` : String(value)}`,
    );
}
