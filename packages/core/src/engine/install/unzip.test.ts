import { createHash } from 'node:crypto';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, wheelMembers, writeWheel, zip } from './fake-wheel.ts';
import { extract, openZip } from './unzip.ts';

test('every member comes out as it went in, stored or deflated', async () => {
  const folder = temporaryFolder();
  const members = wheelMembers();
  const archive = await openZip(writeWheel(folder));
  expect(archive.members.map(({ name }) => name)).toEqual(Object.keys(members));
  for (const member of archive.members) {
    const target = join(folder, 'out', member.name);
    const sha256 = await extract(archive, member, target);
    expect(readFileSync(target).equals(members[member.name]!)).toBe(true);
    expect(sha256).toBe(createHash('sha256').update(members[member.name]!).digest('hex'));
  }
  await archive.close();
});

test('the permission to execute is kept', async () => {
  const folder = temporaryFolder();
  const wheel = join(folder, 'a.whl');
  writeFileSync(wheel, zip({ 'nvidia/bin/ptxas': Buffer.from('x'), 'nvidia/lib/a.so': Buffer.from('y') }));
  const archive = await openZip(wheel);
  for (const member of archive.members) await extract(archive, member, join(folder, member.name));
  await archive.close();
  expect(statSync(join(folder, 'nvidia/bin/ptxas')).mode & 0o111).not.toBe(0);
  expect(statSync(join(folder, 'nvidia/lib/a.so')).mode & 0o111).toBe(0);
});

test('a member whose bytes were changed is refused', async () => {
  const folder = temporaryFolder();
  const wheel = join(folder, 'a.whl');
  const archive = zip({ 'notes.txt': Buffer.from('stored as it is') });
  archive[archive.indexOf('as it is')]! ^= 1;
  writeFileSync(wheel, archive);
  const opened = await openZip(wheel);
  await expect(extract(opened, opened.members[0]!, join(folder, 'notes.txt'))).rejects.toThrow(/notes\.txt.*checksum/);
  await opened.close();
});

test('a cut archive is refused', async () => {
  const wheel = writeWheel(temporaryFolder());
  truncateSync(wheel, statSync(wheel).size - 100);
  await expect(openZip(wheel)).rejects.toThrow(/whole zip archive.*no end record/);
});
