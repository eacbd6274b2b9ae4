import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '@ssl/core/data';
import { expect, it } from 'vitest';
import { tarGz, temporaryFolder } from './fake-sets.ts';
import { untar } from './untar.ts';

async function unpacked(archive: Buffer): Promise<{ into: string; done: Promise<void> }> {
  const folder = temporaryFolder();
  const file = join(folder, 'a.tar.gz');
  writeFileSync(file, archive);
  const into = join(folder, 'below', 'into');
  return { into, done: untar(file, into) };
}

it('files and folders are unpacked, large and empty ones too', async () => {
  const large = Buffer.alloc(3_000_000, 'abc');
  const long = `${'folder/'.repeat(30)}file`;
  const { into, done } = await unpacked(
    await tarGz({ 'a/': null, 'a/b': large, empty: Buffer.alloc(0), [long]: large }),
  );
  await done;
  expect(readFileSync(join(into, 'a', 'b')).equals(large)).toBe(true);
  expect(readFileSync(join(into, 'empty'))).toHaveLength(0);
  expect(readFileSync(join(into, long)).equals(large)).toBe(true);
});

it.each(['../outside', 'a/../../outside', '/outside', 'a\\..\\..\\outside', 'c:\\outside'])(
  'a file that would lie outside is refused: %s',
  async name => {
    const { into, done } = await unpacked(await tarGz({ first: Buffer.from('1'), [name]: Buffer.from('2') }));
    await expect(done).rejects.toBeInstanceOf(DataError);
    await expect(done).rejects.toThrow(/must hold files and folders below its own; got .*outside/);
    expect(existsSync(join(into, '..', 'outside'))).toBe(false);
    expect(readdirSync(into)).toEqual(['first']);
  },
);

it('a link is refused', async () => {
  const { done } = await unpacked(await tarGz({ link: '/etc' }));
  await expect(done).rejects.toThrow(/got link, a symlink/);
});

it('an archive that is cut off, damaged or none is named', async () => {
  const archive = await tarGz({ a: Buffer.from(Array.from({ length: 9000 }, (_, i) => i * i)) });
  for (const broken of [archive.subarray(0, -20), archive.subarray(0, 100), Buffer.from('<html></html>')]) {
    const { done } = await unpacked(broken);
    await expect(done).rejects.toThrow(/a\.tar\.gz must be a whole \.tar\.gz; got: .*; fetch it again/);
  }
});
