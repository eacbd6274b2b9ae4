/** `ssl pretrain`: the one place where options become calls of core. */
import type { BackboneOptions, Method, MethodPackage } from '@ssl/core';
import type { ReadingOptions } from '@ssl/core/data';
import { ConfigError, didYouMean } from '@ssl/core/setup';
import type { PretrainResult } from '@ssl/core/train';
import { dataOptions } from './data-options.ts';
import { type OpenedData, openData } from './data-source.ts';
import { discover, loadMethod } from './discover.ts';
import { methodOptions, methodOverrides, RUN_OPTIONS, recipeOptions, recipeOverrides } from './pretrain-options.ts';
import type { ExitCode } from './run.ts';
import { startEngine } from './start-engine.ts';
import { listOptions, type OptionValues, readOptions, UsageError } from './usage.ts';

/** Views from this size on are photographs rather than thumbnails: the networks start with a stride. */
const IMAGENET_STEM_FROM = 64;

export async function pretrainCommand(args: readonly string[]): Promise<ExitCode> {
  const name = methodName(args);
  const help = args.includes('--help');
  if (name === undefined) {
    if (!help) throw new UsageError(`ssl pretrain: --method is needed; ${installed()}; See: ssl pretrain --help`);
    process.stdout.write(describe(undefined));
    return 0;
  }
  const methodPackage = await loadMethod(name);
  if (help) {
    process.stdout.write(describe(methodPackage));
    return 0;
  }
  const specs = { ...RUN_OPTIONS, ...recipeOptions, ...methodOptions(methodPackage) };
  const { options, positionals } = await readOptions('pretrain', args, specs);
  if (positionals.length > 0)
    throw new UsageError(`ssl pretrain: takes options only; got '${positionals[0]}'; the images go after --data`);
  if (options.data === undefined) throw new UsageError('ssl pretrain: --data is needed; got none; write --data DIR');
  await train(methodPackage, options);
  return 0;
}

/** Read before the rest: which options there are depends on it. */
function methodName(args: readonly string[]): string | undefined {
  const at = args.findLastIndex(word => word === '--method' || word.startsWith('--method='));
  return at < 0 ? undefined : args[at]!.includes('=') ? args[at]!.slice('--method='.length) : args[at + 1];
}

function installed(): string {
  const names = discover('method').map(({ name, title }) => `${name} (${title})`);
  return names.length > 0 ? `installed: ${names.join(', ')}` : 'no method is installed; get one: npm install @ssl/NAME';
}

function describe(method: MethodPackage | undefined): string {
  const parts = [
    'ssl pretrain --method NAME --data DIR [OPTIONS]    trains a backbone without labels',
    listOptions(RUN_OPTIONS),
    `Recipe (changes to the one chosen with --recipe):\n\n${listOptions(recipeOptions)}`,
  ];
  if (method) {
    parts.push(`Settings of ${method.name}:\n\n${listOptions(methodOptions(method))}`);
    parts.push(
      `Recipes: ${Object.keys(method.recipes).join(', ')}\nViews:   ${Object.keys(method.viewPlans).join(', ')}`,
    );
  } else {
    parts.push(
      `Methods: ${installed()}\n\nssl pretrain --method NAME --help    also lists the settings of that method`,
    );
  }
  return `${parts.join('\n\n')}\n`;
}

async function train(methodPackage: MethodPackage, options: OptionValues): Promise<void> {
  const choice = await choose(methodPackage, options);
  await startEngine();
  const opened = await openData('pretrain', options.data as string, dataOptions(options), line =>
    process.stderr.write(`${line}\n`),
  );
  const method = await buildMethod(methodPackage, options, choice, opened);
  const { pretrain } = await import('@ssl/core/train');
  const { out = `runs/${methodPackage.name}`, seed = 0 } = options as { out?: string; seed?: number };
  const result = await pretrain({
    method,
    data: opened.data,
    out,
    seed,
    recipe: recipeOverrides(options),
    resume: options.resume === true,
    probe: options.probe === true,
    loading: loadingOptions(options),
    ...numbers(options, {
      'image-size': 'imageSize',
      'checkpoint-every': 'checkpointEvery',
      'keep-checkpoints': 'keepCheckpoints',
      'stop-after': 'stopAfter',
    }),
  });
  process.stdout.write(
    `${await summary(result)}\nbackbone    ${result.backbone}\nviews       ${result.views}\ncheckpoint  ${result.checkpoint}\n`,
  );
}

/** `200 steps in 2 epochs, loss 4.1234, probe accuracy 31.2 % in the last epoch` */
async function summary({ out, steps, epochs, metrics }: PretrainResult): Promise<string> {
  const { readMetrics } = await import('@ssl/core/train');
  const parts = [`${steps} steps in ${epochs} epoch${epochs === 1 ? '' : 's'}`];
  if (metrics.loss !== undefined) parts.push(`loss ${metrics.loss.toFixed(4)}`);
  if (metrics.probeAccuracy !== undefined) {
    const last = (await readMetrics(out)).filter(({ epoch }) => epoch === epochs);
    const mean = last.reduce((sum, { probeAccuracy }) => sum + probeAccuracy!, 0) / last.length;
    parts.push(`probe accuracy ${(100 * mean).toFixed(1)} % in the last epoch`);
  }
  return parts.join(', ');
}

function loadingOptions({ workers, cache }: OptionValues): ReadingOptions {
  return {
    ...(workers !== undefined && { workers: workers as number }),
    ...(cache !== undefined && { cache: cache as NonNullable<ReadingOptions['cache']> }),
  };
}

/** What is chosen by name, checked before anything is opened. */
interface Choice {
  /** None where the method is to say. */
  readonly backbone: string | undefined;
  readonly stem: 'imagenet' | 'cifar' | undefined;
  readonly views: MethodPackage['viewPlans'][string];
  readonly recipe: MethodPackage['recipes'][string];
}

async function choose(methodPackage: MethodPackage, options: OptionValues): Promise<Choice> {
  const { backbone, backboneNames } = await import('@ssl/core');
  const { backbone: name, stem } = options as { backbone?: string; stem?: string };
  if (name !== undefined && !backboneNames.includes(name)) backbone(name); // throws, naming the nearest
  if (stem !== undefined && stem !== 'cifar' && stem !== 'imagenet')
    throw new ConfigError(`ssl pretrain: --stem must be imagenet or cifar; got '${stem}'`);
  const usual = methodPackage.usual?.(methodOverrides(options, methodPackage)) ?? {};
  return {
    backbone: name,
    stem,
    views: named('views', methodPackage.viewPlans, options.views ?? usual.views),
    recipe: named('recipe', methodPackage.recipes, options.recipe ?? usual.recipe),
  };
}

async function buildMethod(
  methodPackage: MethodPackage,
  options: OptionValues,
  choice: Choice,
  { data: { channels }, viewSize }: OpenedData,
): Promise<Method> {
  const { backbone } = await import('@ssl/core');
  const { size = viewSize, seed = 0 } = options as { size?: number; seed?: number };
  const gradCheckpointing = options['grad-checkpointing'] === true;
  const { name: usual = 'resnet18', vit } = methodPackage.backbone?.({ size }) ?? {};
  const name = choice.backbone ?? usual;
  return methodPackage.create({
    ...methodOverrides(options, methodPackage),
    backbone: backbone(name, {
      ...(name.startsWith('vit_') && vit),
      ...familyOptions(name, choice, options, size),
      inChannels: channels,
      seed,
      gradCheckpointing,
    }),
    views: choice.views({ size, channels }),
    recipe: choice.recipe,
    seed,
  });
}

/** What networks of a family are told besides; an option that the family does not have is passed on, for `backbone` to refuse. */
function familyOptions(
  backbone: string,
  { stem }: Pick<Choice, 'stem'>,
  options: OptionValues,
  size: number,
): Partial<BackboneOptions> {
  const small = size < IMAGENET_STEM_FROM;
  const { 'patch-size': patchSize, 'drop-path': dropPath } = options as { 'patch-size'?: number; 'drop-path'?: number };
  const given = {
    ...(stem && { stem }),
    ...(patchSize !== undefined && { patchSize }),
    ...(dropPath !== undefined && { dropPath }),
  };
  if (backbone.startsWith('vit_')) return { imgSize: size, ...given };
  if (backbone.startsWith('convnext_')) return { ...(small && { patchSize: 1 }), ...given };
  return { stem: small ? 'cifar' : 'imagenet', ...given };
}

/** One of a method's named things, the first by default. */
function named<T>(option: string, things: Readonly<Record<string, T>>, name: unknown): T {
  const names = Object.keys(things);
  const chosen = typeof name === 'string' ? name : names[0];
  if (chosen !== undefined && Object.hasOwn(things, chosen)) return things[chosen]!;
  throw new ConfigError(
    `ssl pretrain: --${option} must be one of ${names.join(', ')}; got '${chosen}'; ${didYouMean(chosen ?? '', names)}`,
  );
}

/** The given ones of some options under the names that `pretrain` has for them. */
function numbers<K extends string>(
  options: OptionValues,
  names: Readonly<Record<string, K>>,
): Partial<Record<K, number>> {
  const given = Object.entries(names).filter(([option]) => options[option] !== undefined);
  return Object.fromEntries(given.map(([option, key]) => [key, options[option]])) as Partial<Record<K, number>>;
}
