import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { CheckpointError } from '../errors.ts';
import { disposeMembers, type Members, module } from '../nn/module.ts';
import { tf } from '../tensor/tf.ts';
import { Variable } from '../tensor/variable.ts';
import { writeAtomic } from './atomic-file.ts';
import { openSafetensors, type TensorSource, writeSafetensors } from './safetensors.ts';
import { loadWeights, saveWeights } from './state-dict.ts';

const directory = mkdtempSync(join(tmpdir(), 'ssl-state-dict-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = (name: string): string => join(directory, `${name}.safetensors`);

const made: Members[] = [];
afterEach(() => {
  for (const members of made.splice(0)) disposeMembers(members);
});

/** A convolution, a batch norm and a classifier, numbered from `start` on. */
function network(start = 0, width = 3, blocks = 1): Members {
  let next = start;
  const numbered = (shape: readonly number[]): ReturnType<typeof tf.tensor> => {
    const size = shape.reduce((a, b) => a * b, 1);
    next += size;
    return tf.range(next - size, next).reshape([...shape]);
  };
  const block = (): ReturnType<typeof module> =>
    module(x => x, {
      conv: module(x => x, { weight: new Variable(numbered([2, 2, width, 5]), { torchAxes: [3, 2, 0, 1] }) }),
      bn: module(x => x, {
        weight: new Variable(numbered([5])),
        running_mean: new Variable(numbered([5]), { kind: 'buffer' }),
        running_var: new Variable(numbered([5]), { kind: 'buffer' }),
      }),
    });
  const members: Members = {
    ...Object.fromEntries(Array.from({ length: blocks }, (_, i) => [`layer${i + 1}`, block()])),
    fc: module(x => x, {
      weight: new Variable(numbered([5, 4]), { torchAxes: [1, 0] }),
      bias: new Variable(numbered([4])),
    }),
  };
  made.push(members);
  return members;
}

const variable = (members: Members, dotted: string): Variable =>
  dotted
    .split('.')
    .reduce<unknown>((at, key) => ((at as { members?: Members }).members ?? (at as Members))[key], members) as Variable;

/** Writes a file by hand: name to dtype, shape, values. */
async function handmade(
  name: string,
  tensors: Readonly<Record<string, readonly [TensorSource['dtype'], readonly number[], ArrayLike<number>]>>,
): Promise<string> {
  const typed = { F32: Float32Array, I32: Int32Array, U8: Uint8Array };
  const sources = Object.entries(tensors).map(
    ([key, [dtype, shape, values]]): TensorSource => ({
      name: key,
      dtype,
      shape,
      values: () => (dtype === 'I64' ? BigInt64Array.from(Array.from(values), BigInt) : typed[dtype].from(values)),
    }),
  );
  await writeAtomic(path(name), file => writeSafetensors(file, sources, {}));
  return path(name);
}

describe('saveWeights', () => {
  it("writes PyTorch's names, layouts and counters", async () => {
    const members = network();
    await saveWeights(path('saved'), members, { backbone: 'tiny' });
    const file = await openSafetensors(path('saved'));
    const shapes = Object.fromEntries([...file.tensors].map(([name, { dtype, shape }]) => [name, [dtype, shape]]));
    expect(shapes).toEqual({
      'layer1.conv.weight': ['F32', [5, 3, 2, 2]],
      'layer1.bn.weight': ['F32', [5]],
      'layer1.bn.running_mean': ['F32', [5]],
      'layer1.bn.running_var': ['F32', [5]],
      'layer1.bn.num_batches_tracked': ['I64', []],
      'fc.weight': ['F32', [4, 5]],
      'fc.bias': ['F32', [4]],
    });
    expect(file.metadata).toEqual({ format: 'pt', backbone: 'tiny' });
    expect([...(await file.read('layer1.bn.num_batches_tracked'))]).toEqual([0n]);
    const weight = await file.read('layer1.conv.weight');
    const ours = variable(members, 'layer1.conv.weight').values();
    // [out, in, kh, kw] = (4, 2, 1, 0) there is [kh, kw, in, out] = (1, 0, 2, 4) here
    expect(weight[((4 * 3 + 2) * 2 + 1) * 2 + 0]).toBe(ours[((1 * 2 + 0) * 3 + 2) * 5 + 4]);
    const linear = await file.read('fc.weight');
    expect(linear[3 * 5 + 1]).toBe(variable(members, 'fc.weight').values()[1 * 4 + 3]);
    await file.close();
  });

  it('comes back bit for bit', async () => {
    const [from, to] = [network(), network(1000)];
    await saveWeights(path('again'), from);
    const { loaded, missing, unexpected } = await loadWeights(path('again'), to);
    expect([loaded.length, missing, unexpected]).toEqual([6, [], []]);
    for (const name of loaded) expect(variable(to, name).values(), name).toEqual(variable(from, name).values());
  });
});

describe('loadWeights', () => {
  it('takes names behind a prefix, and renames', async () => {
    const file = await handmade('prefixed', {
      'module.encoder.head.weight': ['F32', [4, 5], Array.from({ length: 20 }, (_, i) => i)],
      'module.encoder.head.bias': ['F32', [4], [1, 2, 3, 4]],
      'module.encoder.head.counter': ['F32', [1], [0]],
      'module.queue': ['F32', [2], [0, 0]],
    });
    const head: Members = { fc: network().fc! };
    const rename = (name: string): string | undefined =>
      name.endsWith('counter') ? undefined : name.replace('head', 'fc');
    await loadWeights(file, head, { prefix: 'module.encoder.', rename });
    expect([...variable(head, 'fc.bias').values()]).toEqual([1, 2, 3, 4]);
    await expect(loadWeights(file, head, { prefix: 'module.encoder.', rename: () => 'fc.bias' })).rejects.toThrow(
      /rename must give different names/,
    );
    await expect(loadWeights(file, head, { prefix: 'model.' })).rejects.toThrow(
      /no name is left; the file has module\.encoder\.head\.weight/,
    );
  });

  it('without strict takes what fits and says what it left', async () => {
    const file = await handmade('part', { 'fc.bias': ['F32', [4], [1, 2, 3, 4]], extra: ['F32', [1], [0]] });
    const members: Members = { fc: network().fc! };
    const before = variable(members, 'fc.weight').values();
    await expect(loadWeights(file, members)).rejects.toThrow(
      /1 of 2 missing \(fc\.weight\), 1 unknown \(extra\); all but fc\.\*, extra\.\* fits/,
    );
    expect(await loadWeights(file, members, { strict: false })).toEqual({
      loaded: ['fc.bias'],
      missing: ['fc.weight'],
      unexpected: ['extra'],
    });
    expect(variable(members, 'fc.weight').values()).toEqual(before);
  });

  it('reads integers into integer variables only', async () => {
    const members: Members = { pointer: new Variable(tf.tensor1d([0, 0], 'int32'), { kind: 'buffer' }) };
    made.push(members);
    await loadWeights(await handmade('int', { pointer: ['I64', [2], [7, -8]] }), members);
    expect([...variable(members, 'pointer').values()]).toEqual([7, -8]);
    await expect(loadWeights(await handmade('long', { pointer: ['I64', [2], [2 ** 33, 0]] }), members)).rejects.toThrow(
      /must fit 32 bits/,
    );
    await expect(loadWeights(await handmade('float', { pointer: ['F32', [2], [1, 2]] }), members)).rejects.toThrow(
      /must be I32, I64, U8.*got F32/,
    );
  });
});

describe('what does not fit', () => {
  it.each([
    ['another depth', network, 0, 3, 4, /looks like the weights of another backbone/],
    [
      'another width',
      network,
      0,
      7,
      1,
      /1 of another shape \(layer1\.conv\.weight \[5,7,2,2\] for \[5,3,2,2\]\); most of it fits/,
    ],
  ] as const)('%s is refused before anything changes', async (name, build, start, width, blocks, message) => {
    await saveWeights(path('other'), build(start, width, blocks), { backbone: 'resnet50' });
    const members = name === 'another depth' ? network(1000, 3, 12) : network(1000);
    const before = variable(members, 'fc.bias').values();
    await expect(loadWeights(path('other'), members)).rejects.toThrow(CheckpointError);
    await expect(loadWeights(path('other'), members)).rejects.toThrow(message);
    if (name === 'another depth')
      await expect(loadWeights(path('other'), members)).rejects.toThrow(/the file says {"backbone":"resnet50"}/);
    expect(variable(members, 'fc.bias').values()).toEqual(before);
  });

  it('a shape differs even without strict; nothing fits; a prefix was forgotten', async () => {
    const members: Members = { fc: network().fc! };
    const misshaped = await handmade('misshaped', {
      'fc.bias': ['F32', [2, 2], [1, 2, 3, 4]],
      'fc.weight': ['F32', [4, 5], new Array(20).fill(0)],
    });
    await expect(loadWeights(misshaped, members, { strict: false })).rejects.toThrow(/fc\.bias \[2,2\] for \[4\]/);
    const nothing = await handmade('nothing', { a: ['F32', [1], [0]] });
    await expect(loadWeights(nothing, members, { strict: false })).rejects.toThrow(/2 of 2 missing.*another backbone/);
    const forgotten = await handmade('forgotten', {
      'module.fc.bias': ['F32', [4], [0, 0, 0, 0]],
      'module.fc.weight': ['F32', [4, 5], new Array(20).fill(0)],
    });
    await expect(loadWeights(forgotten, members)).rejects.toThrow(/begin with 'module\.': pass prefix: 'module\.'/);
  });
});
