/** The state of a run, every bit of it, in one file. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, ConfigError } from '../errors.ts';
import { removePartials, writeAtomic } from './atomic-file.ts';
import { HASH_FIELD, hashOf, writeHashed } from './content-hash.ts';
import { openSafetensors, type SafetensorsFile, safetensorsBytes, type TensorSource } from './safetensors.ts';
import { differenceText, looksForeign, stateDifference } from './state-difference.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What a checkpoint keeps of a variable, and gives back. Every `Variable` is one. */
export interface Stored {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  values(): Float32Array | Int32Array;
  load(values: Float32Array | Int32Array): void;
}

export interface SaveCheckpointOptions {
  /** How many of the newest stay, 1 or more; older ones are removed once the new one is whole. */
  readonly keep?: number;
  /** Steps whose checkpoints stay for good. */
  readonly milestone?: (step: number) => boolean;
}

/** A checkpoint that was found whole. */
export interface Checkpoint {
  readonly path: string;
  readonly step: number;
  readonly meta: Json;
  /**
   * Gives the variables the values that were saved under their names, bit for bit. Names, shapes and types must all fit; nothing is changed
   * otherwise, and a `CheckpointError` lists the first few that do not.
   */
  restore(tensors: ReadonlyMap<string, Stored>): Promise<void>;
}

const FORMAT = 'ssl-checkpoint';
const VERSION = '1';
const NAME = /^step-(\d+)\.safetensors$/;
const TYPES = { float32: 'F32', int32: 'I32' } as const;

/**
 * Writes `step-NNNNNNNNN.safetensors` into `directory`: the tensors in the layout they have here, the step, `meta` and a hash of all of it. The
 * file appears when it is whole. Then older ones are removed, and what writers that were killed left behind.
 * @param meta plain JSON: a NaN in it would come back as null
 * @returns the file's path
 * @throws CheckpointError when it cannot be written (a full disk, say); all earlier checkpoints are untouched then
 */
export async function saveCheckpoint(
  directory: string,
  step: number,
  tensors: ReadonlyMap<string, Stored>,
  meta: Json,
  { keep = 2, milestone = () => false }: SaveCheckpointOptions = {},
): Promise<string> {
  requireWhole('step', step, 0);
  requireWhole('keep', keep, 1);
  await removePartials(directory);
  const path = join(directory, `step-${String(step).padStart(9, '0')}.safetensors`);
  const sources = [...tensors].map(
    ([name, tensor]): TensorSource => ({
      name,
      dtype: TYPES[tensor.dtype],
      shape: tensor.shape,
      values: () => tensor.values(),
    }),
  );
  const metadata = {
    ...HASH_FIELD,
    format: FORMAT,
    version: VERSION,
    step: String(step),
    meta: JSON.stringify(meta),
  };
  await writeAtomic(path, file => writeHashed(file, sources, metadata), { bytes: safetensorsBytes(sources, metadata) });
  const older = (await checkpointsIn(directory)).filter(entry => entry.step < step && !milestone(entry.step));
  for (const entry of older.slice(keep - 1)) await rm(entry.path, { force: true });
  return path;
}

function requireWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ConfigError(
    `saveCheckpoint: ${name} must be a whole number, ${least} or above; got ${value}; change ${name}`,
  );
}

/** The checkpoints of a folder by name, newest first; whether they are whole is not looked at. */
async function checkpointsIn(directory: string): Promise<{ path: string; step: number }[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new CheckpointError(`${directory}: must be a folder that can be read; got ${error.message}; check the path`, {
      cause: error,
    });
  });
  const found = names.flatMap(name => {
    const step = NAME.exec(name)?.[1];
    return step === undefined ? [] : [{ path: join(directory, name), step: Number(step) }];
  });
  return found.sort((a, b) => b.step - a.step);
}

/** Opens a checkpoint and checks every byte of it. Throws `CheckpointError` naming the file and what is wrong. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const file = await openSafetensors(path);
  try {
    const { format, version, sha256 = '', step, meta } = file.metadata;
    if (format !== FORMAT || step === undefined || meta === undefined) {
      throw new CheckpointError(
        `${path}: must be a checkpoint of a run; got a safetensors file of another kind; load weights with loadWeights`,
      );
    }
    if (version !== VERSION) {
      throw new CheckpointError(
        `${path}: must be of version ${VERSION}; got ${version}; use the version of @ssl/core that wrote it`,
      );
    }
    const actual = await hashOf(path, sha256);
    if (actual !== sha256) {
      throw new CheckpointError(
        `${path}: its content must have the hash ${sha256}; got ${actual}; the file is damaged: go on from an earlier one`,
      );
    }
    return {
      path,
      step: Number(step),
      meta: JSON.parse(meta) as Json,
      restore: tensors => restore(path, sha256, tensors),
    };
  } finally {
    await file.close();
  }
}

async function restore(path: string, sha256: string, tensors: ReadonlyMap<string, Stored>): Promise<void> {
  const file = await openSafetensors(path);
  try {
    if (file.metadata.sha256 !== sha256)
      throw new CheckpointError(`${path}: must stay as it is while a run resumes; got another file; try again`);
    checkFits(file, tensors);
    for (const [name, tensor] of tensors) tensor.load((await file.read(name)) as Float32Array | Int32Array);
  } finally {
    await file.close();
  }
}

function checkFits(file: SafetensorsFile, tensors: ReadonlyMap<string, Stored>): void {
  const expected = new Map([...tensors].map(([name, { shape }]) => [name, shape]));
  const found = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  const difference = stateDifference(expected, found);
  if (difference.missing.length + difference.unexpected.length + difference.misshaped.length > 0) {
    const what = looksForeign(difference, expected)
      ? 'it looks like a run with another backbone'
      : 'the run had another head, method or optimizer';
    const text = differenceText(difference, expected, found);
    throw new CheckpointError(
      `${file.path}: its tensors must fit the run's state; got ${text}; ${what}: resume with the configuration it was saved with`,
    );
  }
  for (const [name, { dtype }] of tensors) {
    const { dtype: stored } = file.tensors.get(name)!;
    if (stored !== TYPES[dtype])
      throw new CheckpointError(
        `${file.path}: tensor '${name}' must be ${TYPES[dtype]}; got ${stored}; resume with the version that saved it`,
      );
  }
}

export interface LatestCheckpointOptions {
  /** Told about each damaged file that was passed over. Node's warnings unless given. */
  readonly warn?: (message: string) => void;
}

/**
 * The newest whole checkpoint of a folder; `undefined` when it has none at all.
 * @throws CheckpointError when there are some and all are damaged
 */
export async function latestCheckpoint(
  directory: string,
  { warn = warnNode }: LatestCheckpointOptions = {},
): Promise<Checkpoint | undefined> {
  const reasons: string[] = [];
  for (const { path } of await checkpointsIn(directory)) {
    try {
      const checkpoint = await loadCheckpoint(path);
      for (const reason of reasons) warn(`${reason} (passed over for ${path})`);
      return checkpoint;
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  if (reasons.length === 0) return undefined;
  throw new CheckpointError(
    `${directory}: must have a whole checkpoint; got ${reasons.length} damaged; start anew in another folder. The newest: ${reasons[0]}`,
  );
}

function warnNode(message: string): void {
  process.emitWarning(message, 'CheckpointWarning');
}
