/** The fixed places of a run: `config.json`, `metrics.jsonl`, `checkpoints/`, `backbone.safetensors`, `views.png`, `pictures/`. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, ConfigError } from '../errors.ts';
import { type Checkpoint, latestCheckpoint, writeAtomic } from '../io/index.ts';
import { checkSameRun, type RunConfig } from './run-config.ts';

export interface RunFolder {
  readonly path: string;
  readonly checkpoints: string;
  readonly config: string;
  readonly metrics: string;
  readonly backbone: string;
  readonly views: string;
  /** Of the sheets that the method draws. */
  readonly pictures: string;
  /** There while a process works in the folder. */
  readonly lock: string;
}

export function runFolder(path: string): RunFolder {
  return {
    path,
    checkpoints: join(path, 'checkpoints'),
    config: join(path, 'config.json'),
    metrics: join(path, 'metrics.jsonl'),
    backbone: join(path, 'backbone.safetensors'),
    views: join(path, 'views.png'),
    pictures: join(path, 'pictures'),
    lock: join(path, '.lock'),
  };
}

/**
 * The newest whole checkpoint of the run to go on with; `undefined` when the folder holds none. Writes nothing. A run that was stopped before its
 * first checkpoint counts as none: there is nothing to go on from, and nothing to lose.
 *
 * Throws `ConfigError` when there is a run and `resume` is off, `CheckpointError` naming each setting that differs when it is another run.
 */
export async function findRun(folder: RunFolder, config: RunConfig, resume: boolean): Promise<Checkpoint | undefined> {
  if (!resume) {
    if (!(await holdsRun(folder))) return undefined;
    throw new ConfigError(
      `pretrain: the run folder must be new; ${folder.path} holds a run; go on with it (resume: true, --resume) or choose another folder`,
    );
  }
  const checkpoint = await latestCheckpoint(folder.checkpoints);
  if (checkpoint) checkSameRun(folder.path, await readConfig(folder), config);
  else if (await holdsRun(folder)) {
    throw new CheckpointError(
      `pretrain: a run goes on from a checkpoint; ${folder.path} has a trained backbone and none; choose another folder`,
    );
  }
  return checkpoint;
}

async function holdsRun({ backbone, checkpoints }: RunFolder): Promise<boolean> {
  const names = await readdir(checkpoints).catch(() => []);
  return existsSync(backbone) || names.some(name => name.endsWith('.safetensors'));
}

async function readConfig({ config }: RunFolder): Promise<RunConfig> {
  try {
    return JSON.parse(await readFile(config, 'utf8')) as RunConfig;
  } catch (error) {
    throw new CheckpointError(
      `${config}: must be the settings of the run; got ${(error as Error).message}; put the file back, or choose another folder`,
      { cause: error },
    );
  }
}

export async function writeConfig({ config: file }: RunFolder, config: RunConfig): Promise<void> {
  await writeAtomic(file, sink => sink.write(Buffer.from(`${JSON.stringify(config, null, 2)}\n`)));
}
