/** Weights as PyTorch keeps them: names and layouts of timm's and torchvision's state dicts, in a safetensors file. */
import { CheckpointError } from '../errors.ts';
import { type Members, stateOf } from '../nn/module.ts';
import type { Variable } from '../tensor/variable.ts';
import { writeAtomic } from './atomic-file.ts';
import { loadTorch, permute, torchShape } from './layout.ts';
import {
  openSafetensors,
  type SafetensorsFile,
  safetensorsBytes,
  type TensorSource,
  writeSafetensors,
} from './safetensors.ts';
import {
  commonPrefix,
  differenceText,
  looksForeign,
  type StateDifference,
  stateDifference,
} from './state-difference.ts';

/** A counter in PyTorch's batch norms, of use only where the running mean has no momentum. */
const COUNTER = 'num_batches_tracked';
const MEAN = 'running_mean';

/**
 * Writes all variables under their paths, in PyTorch's layout, so that `load_state_dict(…, strict=True)` of the same network takes them
 * (a batch norm's `num_batches_tracked` is written as 0). One tensor is in memory at a time; the old file stays until the new one is whole.
 * @param metadata strings kept in the file's header
 * @throws CheckpointError when the file cannot be written
 */
export async function saveWeights(
  path: string,
  members: Members,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const tensors = [...stateOf(members)].flatMap(([name, variable]) => [source(name, variable), ...counterOf(name)]);
  const header = { format: 'pt', ...metadata }; // what PyTorch's own writers put there, and transformers asks for
  await writeAtomic(path, file => writeSafetensors(file, tensors, header), {
    bytes: safetensorsBytes(tensors, header),
  });
}

function source(name: string, variable: Variable): TensorSource {
  const { shape, dtype, torchAxes } = variable;
  return {
    name,
    dtype: dtype === 'int32' ? 'I32' : 'F32',
    shape: torchShape(variable),
    values: () => (torchAxes ? permute(variable.values(), shape, torchAxes) : variable.values()),
  };
}

function counterOf(name: string): TensorSource[] {
  if (name !== MEAN && !name.endsWith(`.${MEAN}`)) return [];
  return [
    { name: `${name.slice(0, -MEAN.length)}${COUNTER}`, dtype: 'I64', shape: [], values: () => new BigInt64Array(1) },
  ];
}

export interface LoadWeightsOptions {
  /** Every variable must be in the file and every tensor of the file in the network. */
  readonly strict?: boolean;
  /** Only names with this in front are taken, and it is taken off: `module.encoder_q.`. */
  readonly prefix?: string;
  /** From a name in the file, without the prefix, to the name here; `undefined` leaves the tensor out. */
  readonly rename?: (name: string) => string | undefined;
}

/** What `loadWeights` did, by names here. */
export interface LoadedWeights {
  readonly loaded: readonly string[];
  /** Variables that kept their values, and tensors that were left out: empty when `strict`. */
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/**
 * Reads weights written by `saveWeights`, timm or torchvision (F32, F16 or BF16). All is checked before the first value is changed.
 * @throws CheckpointError when the file is damaged, a shape differs, nothing fits, or (unless `strict: false`) a name is missing or
 * unknown; it lists the first few and says whether the file looks like another backbone's.
 */
export async function loadWeights(
  path: string,
  members: Members,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  const file = await openSafetensors(path);
  try {
    const variables = stateOf(members);
    const names = namesHere(file, options);
    const difference = check(file, variables, names, options.strict ?? true);
    for (const name of difference.matched) await loadOne(file, names.get(name)!, variables.get(name)!);
    return { loaded: difference.matched, missing: difference.missing, unexpected: difference.unexpected };
  } finally {
    await file.close();
  }
}

/** From names here to names in the file. */
function namesHere(
  file: SafetensorsFile,
  { prefix = '', rename = name => name }: LoadWeightsOptions,
): Map<string, string> {
  const names = new Map<string, string>();
  for (const stored of file.tensors.keys()) {
    if (!stored.startsWith(prefix)) continue;
    const name = rename(stored.slice(prefix.length));
    if (name === undefined || name === COUNTER || name.endsWith(`.${COUNTER}`)) continue;
    const other = names.get(name);
    if (other !== undefined) {
      throw new CheckpointError(
        `${file.path}: rename must give different names; got '${name}' for ${other} and ${stored}; return undefined for one`,
      );
    }
    names.set(name, stored);
  }
  return names;
}

function check(
  file: SafetensorsFile,
  variables: ReadonlyMap<string, Variable>,
  names: ReadonlyMap<string, string>,
  strict: boolean,
): StateDifference {
  const expected = new Map([...variables].map(([name, variable]) => [name, torchShape(variable)]));
  const found = new Map([...names].map(([name, stored]) => [name, file.tensors.get(stored)!.shape]));
  const difference = stateDifference(expected, found);
  const { missing, unexpected, misshaped, matched } = difference;
  const bad = misshaped.length > 0 || matched.length === 0 || (strict && missing.length + unexpected.length > 0);
  if (bad) {
    const text = differenceText(difference, expected, found) || 'no tensors';
    throw new CheckpointError(
      `${file.path}: its tensors must fit the network's variables; got ${text}; ${advice(file, difference, expected, found)}`,
    );
  }
  for (const name of matched) checkType(file, names.get(name)!, variables.get(name)!);
  return difference;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

function advice(file: SafetensorsFile, difference: StateDifference, expected: Shapes, found: Shapes): string {
  const stored = new Map([...file.tensors].map(([name, { shape }]) => [name, shape]));
  if (found.size === 0)
    return `after prefix and rename no name is left; the file has ${[...stored.keys()].slice(0, 3).join(', ') || 'none'}`;
  const { matched, misshaped, missing, unexpected } = difference;
  const prefix = commonPrefix(expected, stored);
  if (prefix !== '' && matched.length === 0)
    return `the names in the file begin with '${prefix}': pass prefix: '${prefix}'`;
  if (looksForeign(difference, expected)) {
    const { format: _, ...said } = file.metadata;
    const label = Object.keys(said).length > 0 ? ` (the file says ${JSON.stringify(said).slice(0, 200)})` : '';
    return `it looks like the weights of another backbone${label}: build the one it was saved from, or give another file`;
  }
  if (misshaped.length > 0)
    return 'most of it fits: build these parts alike, or leave them out with rename and strict: false';
  const parts = [...new Set([...missing, ...unexpected].map(name => `${name.split('.')[0]}.*`))];
  return `all but ${parts.slice(0, 3).join(', ')}${parts.length > 3 ? ', …' : ''} fits: pass strict: false if that may stay as it is`;
}

function checkType(file: SafetensorsFile, stored: string, { name, dtype: wanted }: Variable): void {
  const { dtype } = file.tensors.get(stored)!;
  const taken: readonly string[] = wanted === 'float32' ? ['F32', 'F16', 'BF16'] : ['I32', 'I64', 'U8'];
  if (taken.includes(dtype)) return;
  throw new CheckpointError(
    `${file.path}: tensor '${stored}' must be ${taken.join(', ')} to become ${name}; got ${dtype}; convert the file`,
  );
}

async function loadOne(file: SafetensorsFile, stored: string, variable: Variable): Promise<void> {
  const values = await file.read(stored);
  const numbers =
    values instanceof Float32Array || values instanceof Int32Array ? values : integers(file.path, stored, values);
  loadTorch(variable, numbers);
}

function integers(path: string, stored: string, values: BigInt64Array | Uint8Array): Int32Array {
  const whole = Int32Array.from(values as Iterable<number | bigint>, Number);
  if (values instanceof BigInt64Array && values.some((value, i) => BigInt(whole[i]!) !== value)) {
    throw new CheckpointError(`${path}: tensor '${stored}' must fit 32 bits; got larger numbers; convert the file`);
  }
  return whole;
}
