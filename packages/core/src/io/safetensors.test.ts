import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../errors.ts';
import { writeAtomic } from './atomic-file.ts';
import { openSafetensors, safetensorsBytes, type TensorSource, writeSafetensors } from './safetensors.ts';

const directory = mkdtempSync(join(tmpdir(), 'ssl-safetensors-'));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;

/** A file with this header and so many bytes of data. */
function handmade(header: unknown, data: number | Uint8Array = 0, length?: bigint): string {
  const json =
    header instanceof Uint8Array ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  const path = join(directory, `${files++}.safetensors`);
  writeFileSync(path, Buffer.concat([prefix, json, typeof data === 'number' ? Buffer.alloc(data) : data]));
  return path;
}

const sources: TensorSource[] = [
  { name: 'bytes', dtype: 'U8', shape: [3], values: () => Uint8Array.of(0, 127, 255) },
  {
    name: 'weight',
    dtype: 'F32',
    shape: [2, 2],
    values: () => new Float32Array(Uint32Array.of(0x7fc00123, 0x80000000, 1, 0xff800000).buffer),
  },
  { name: 'count', dtype: 'I64', shape: [], values: () => BigInt64Array.of(-(2n ** 62n)) },
  { name: 'ids', dtype: 'I32', shape: [2, 1], values: () => Int32Array.of(-7, 2 ** 31 - 1) },
  { name: 'none', dtype: 'F32', shape: [0, 5], values: () => new Float32Array(0) },
];

async function written(
  tensors: readonly TensorSource[] = sources,
  metadata: Readonly<Record<string, string>> = { note: 'ä "quoted"' },
): Promise<string> {
  const path = join(directory, `${files++}.safetensors`);
  await writeAtomic(path, file => writeSafetensors(file, tensors, metadata));
  return path;
}

describe('round trip', () => {
  it('keeps names, shapes, metadata and every bit', async () => {
    const file = await openSafetensors(await written());
    expect(file.metadata).toEqual({ note: 'ä "quoted"' });
    expect(new Set(file.tensors.keys())).toEqual(new Set(sources.map(({ name }) => name)));
    for (const { name, dtype, shape, values } of sources) {
      expect(file.tensors.get(name)).toMatchObject({ dtype, shape });
      const back = await file.read(name);
      expect(back.constructor).toBe(values().constructor);
      expect(Buffer.from(back.buffer)).toEqual(Buffer.from(values().buffer)); // a NaN's payload and −0 too
    }
    await file.close();
  });

  it('aligns every tensor, and says beforehand how long the file is', async () => {
    const path = await written();
    const file = await openSafetensors(path);
    for (const [name, { dtype, begin }] of file.tensors)
      expect(begin % { U8: 1, F32: 4, I32: 4, I64: 8 }[dtype as 'U8']!, name).toBe(0);
    await file.close();
    expect(readFileSync(path).length).toBe(safetensorsBytes(sources, { note: 'ä "quoted"' }));
  });

  it('asks for one tensor at a time, after the one before was written', async () => {
    const events: string[] = [];
    const tensors = ['a', 'b', 'c'].map(
      (name): TensorSource => ({
        name,
        dtype: 'F32',
        shape: [1],
        values: () => {
          events.push(`values ${name}`);
          return new Float32Array(1);
        },
      }),
    );
    const write = async (bytes: Uint8Array): Promise<void> => {
      await new Promise(resolve => setTimeout(resolve, 1));
      events.push(`wrote ${bytes.length > 4 ? 'header' : 'tensor'}`);
    };
    await writeSafetensors({ write }, tensors, {});
    expect(events).toEqual([
      'wrote header',
      'values a',
      'wrote tensor',
      'values b',
      'wrote tensor',
      'values c',
      'wrote tensor',
    ]);
  });

  it('reads a file that PyTorch wrote', async () => {
    const file = await openSafetensors(
      new URL('../backbones/__fixtures__/tiny-basic.safetensors', import.meta.url).pathname,
    );
    expect(file.tensors.get('conv1.weight')).toMatchObject({ dtype: 'F32' });
    const values = await file.read('conv1.weight');
    expect(values).toBeInstanceOf(Float32Array);
    expect(values.every(Number.isFinite as (x: unknown) => boolean)).toBe(true);
    await file.close();
  });

  it('reads half-width floats as float32', async () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x83ff, 0x8000, 0x7c00, 0x3555);
    const brains = Uint16Array.of(0x3f80, 0xc049, 0x0001, 0xff80);
    const header = {
      h: { dtype: 'F16', shape: [9], data_offsets: [0, 18] },
      b: { dtype: 'BF16', shape: [4], data_offsets: [18, 26] },
    };
    const file = await openSafetensors(
      handmade(header, Buffer.concat([Buffer.from(halves.buffer), Buffer.from(brains.buffer)])),
    );
    expect([...(await file.read('h'))]).toEqual([
      1,
      -2,
      65504,
      2 ** -14,
      2 ** -24,
      -1023 * 2 ** -24,
      -0,
      Infinity,
      1365 / 4096,
    ]);
    expect([...(await file.read('b'))]).toEqual([1, -3.140625, Math.fround(65536 * 2 ** -149), -Infinity]);
    await file.close();
  });
});

describe('damaged files', () => {
  it('every cut is found, at each sixteenth and one byte before the end', async () => {
    const whole = readFileSync(await written());
    const cuts = Array.from({ length: 16 }, (_, i) => Math.floor((whole.length * i) / 16));
    for (const cut of [...cuts, whole.length - 1]) {
      const path = join(directory, `cut-${cut}.safetensors`);
      writeFileSync(path, whole.subarray(0, cut));
      await expect(openSafetensors(path), `${cut} bytes`).rejects.toThrow(CheckpointError);
      await expect(openSafetensors(path)).rejects.toThrow(`cut-${cut}.safetensors`);
    }
    writeFileSync(join(directory, 'longer'), Buffer.concat([whole, Buffer.alloc(1)]));
    await expect(openSafetensors(join(directory, 'longer'))).rejects.toThrow(/its tensors end at byte/);
  });

  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32'): unknown => ({
    dtype,
    shape,
    data_offsets: offsets,
  });

  it.each([
    [
      'a header longer than memory',
      '{}',
      0,
      /header may be at most 100000000 bytes long; got 18446744073709551615/,
      2n ** 64n - 1n,
    ],
    ['a header longer than the file', '{}', 0, /must lie within the file of 10 bytes; got a length of 3/, 3n],
    ['no JSON', '{"a":', 0, /header must be JSON/],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 0, /header must be JSON/],
    ['a list', '[]', 0, /header must be an object; got \[\]/],
    ['metadata that is no object', { __metadata__: 3 }, 0, /__metadata__ must be an object; got 3/],
    ['metadata that is no string', { __metadata__: { epoch: 3 } }, 0, /must hold strings, 'epoch' too; got 3/],
    ['an entry that is no object', { a: null }, 0, /tensor 'a': its entry must be an object; got null/],
    ['an unknown type', { a: entry([1], [0, 4], 'F33') }, 4, /tensor 'a': dtype must be one of .*; got "F33"/],
    ['a type out of the prototype', { a: entry([1], [0, 4], 'toString') }, 4, /dtype must be one of/],
    ['a type of another size', { a: entry([1], [0, 4], 'F64') }, 4, /F64 \[1\] takes 8 bytes; got offsets for 4/],
    [
      'a negative length',
      { a: entry([-1], [0, 4]) },
      4,
      /shape must be a list of whole numbers, 0 or above; got \[-1\]/,
    ],
    ['half a length', { a: entry([0.5], [0, 2]) }, 2, /shape must be/],
    ['a shape beyond all numbers', { a: entry([2 ** 40, 2 ** 40, 2 ** 40], [0, 4]) }, 4, /takes 5.3\d+e\+36 bytes/],
    ['falling offsets', { a: entry([1], [4, 0]) }, 4, /data_offsets must be two rising whole numbers; got \[4,0\]/],
    ['three offsets', { a: entry([1], [0, 4, 8]) }, 8, /data_offsets must be two/],
    [
      'offsets beyond the file',
      { a: entry([2], [0, 8]) },
      4,
      /end at byte \d+, so it must have as many; got \d+ bytes/,
    ],
    [
      'an overlap',
      { a: entry([2], [0, 8]), b: entry([2], [4, 12]) },
      12,
      /tensor 'b': must begin at byte \d+, where the one before it ends; got/,
    ],
    ['a hole', { a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12, /tensor 'b': must begin at/],
    ['the same bytes twice', { a: entry([1], [0, 4]), b: entry([1], [0, 4]) }, 4, /tensor 'b': must begin at/],
    ['bytes of nobody', { a: entry([1], [0, 4]) }, 8, /its tensors end at byte/],
  ] as const)('%s', async (_name, header, data, message, length?: bigint) => {
    const path = handmade(header, data, length);
    await expect(openSafetensors(path)).rejects.toThrow(CheckpointError);
    await expect(openSafetensors(path)).rejects.toThrow(message);
    await expect(openSafetensors(path)).rejects.toThrow(path);
  });

  it('a flipped byte anywhere in the header is refused or changes no size', async () => {
    const whole = readFileSync(await written());
    const header = Number(whole.readBigUInt64LE(0)) + 8;
    for (let i = 0; i < header; i++) {
      const path = join(directory, 'flipped.safetensors');
      const bytes = Buffer.from(whole);
      bytes[i]! ^= 1 + (i % 255);
      writeFileSync(path, bytes);
      const file = await openSafetensors(path).catch((error: unknown) => {
        expect(error).toBeInstanceOf(CheckpointError);
        return undefined;
      });
      if (!file) continue;
      expect(Math.max(...[...file.tensors.values()].map(({ end }) => end))).toBe(whole.length);
      await file.close();
    }
  });

  it('a path that is no file, a name that is not there, a type that is not read, a file that shrinks', async () => {
    await expect(openSafetensors(join(directory, 'absent'))).rejects.toThrow(
      /absent: must be a readable file; got nothing there/,
    );
    await expect(openSafetensors(directory)).rejects.toThrow(/must be a file; got a folder/);
    const path = handmade({ a: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, 8);
    const file = await openSafetensors(path);
    await expect(file.read('b')).rejects.toThrow(/has no tensor 'b'/);
    await expect(file.read('a')).rejects.toThrow(/must be F32, F16, BF16, I32, I64 or U8 to be read; got F64/);
    writeFileSync(path, '');
    await expect(file.read('a')).rejects.toThrow(/must stay as it is while it is read/);
    await file.close();
  });

  it('does not write two tensors of one name, or values of another length', async () => {
    await expect(written([sources[0]!, sources[0]!])).rejects.toThrow(/different names; got 'bytes' twice/);
    await expect(written([{ ...sources[0]!, name: '__metadata__' }])).rejects.toThrow(CheckpointError);
    await expect(written([{ ...sources[0]!, shape: [4] }])).rejects.toThrow(/U8 \[4\], takes 4 bytes; got 3/);
  });
});
