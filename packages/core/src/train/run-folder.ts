/** The fixed places of a run: `config.json`, `metrics.jsonl`, `checkpoints/`, `backbone.safetensors`, `views.png`. */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, ConfigError } from '../errors.ts';
import { writeAtomic } from '../io/index.ts';
import type { Json } from '../method/index.ts';

export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  readonly config: string;
  readonly metrics: string;
  readonly backbone: string;
  readonly views: string;
}

export type RunConfig = { readonly [key: string]: Json };

export function runFolder(path: string): RunFolder {
  return {
    path,
    checkpoints: join(path, 'checkpoints'),
    config: join(path, 'config.json'),
    metrics: join(path, 'metrics.jsonl'),
    backbone: join(path, 'backbone.safetensors'),
    views: join(path, 'views.png'),
  };
}

/**
 * Makes the folder, or checks that the run in it is the one to go on with. Throws `ConfigError` when there is a run and
 * `resume` is off, `CheckpointError` naming each setting that differs when it is another run.
 */
export async function openRunFolder(path: string, config: RunConfig, resume: boolean): Promise<RunFolder> {
  const folder = runFolder(path);
  if (existsSync(folder.config)) {
    if (!resume) {
      throw new ConfigError(
        `pretrain: the run folder must be new; ${path} holds a run; go on with it (resume: true, --resume) or choose another folder`,
      );
    }
    const stored = JSON.parse(await readFile(folder.config, 'utf8')) as RunConfig;
    const differing = differences(stored, JSON.parse(JSON.stringify(config)) as RunConfig);
    if (differing.length > 0) {
      throw new CheckpointError(
        `pretrain: only the same run can be resumed; ${path} differs in ${differing.join('; ')}; use the same settings or another folder`,
      );
    }
  }
  await mkdir(folder.checkpoints, { recursive: true });
  await writeAtomic(folder.config, file => file.write(Buffer.from(`${JSON.stringify(config, null, 2)}\n`)));
  return folder;
}

/** `recipe.epochs: 100, now 200` for each leaf that is not the same. */
function differences(stored: Json | undefined, given: Json | undefined, path = ''): string[] {
  if (isRecord(stored) && isRecord(given)) {
    const keys = new Set([...Object.keys(stored), ...Object.keys(given)]);
    return [...keys].flatMap(key => differences(stored[key], given[key], path ? `${path}.${key}` : key));
  }
  const [a, b] = [JSON.stringify(stored), JSON.stringify(given)];
  return a === b ? [] : [`${path}: ${a ?? 'nothing'}, now ${b ?? 'nothing'}`];
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Drops the lines after `step`: they belong to steps that a resumed run makes again. */
export async function truncateMetrics(file: string, step: number): Promise<void> {
  if (!existsSync(file)) return;
  const kept = (await readFile(file, 'utf8')).split('\n').filter(line => stepOf(line) <= step);
  await writeFile(file, kept.map(line => `${line}\n`).join(''));
}

/** A line cut off by a kill counts as none. */
function stepOf(line: string): number {
  try {
    return (JSON.parse(line) as { step: number }).step;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Appends one line of numbers. */
export async function appendMetrics(file: string, values: Readonly<Record<string, number>>): Promise<void> {
  await appendFile(file, `${JSON.stringify(values)}\n`);
}

/** All lines of a run's metrics. */
export async function readMetrics(path: string): Promise<Record<string, number>[]> {
  const text = await readFile(runFolder(path).metrics, 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Record<string, number>);
}
