import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './engine/install/fake-wheel.ts';
import { ownerIsAlive, takeLock } from './file-lock.ts';
import { currentOwner } from './process-owner.ts';

const deadPid = (): number => spawnSync('true').pid;

test('the second waits for the first, and says so once', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'a.lock');
  const first = await takeLock(file);
  let waits = 0;
  let got = false;
  const second = takeLock(file, { onWait: () => waits++ }).then(lock => {
    got = true;
    return lock;
  });
  await new Promise(resolve => setTimeout(resolve, 700));
  expect({ waits, got }).toEqual({ waits: 1, got: false });
  first.release();
  (await second).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('the lock of a dead process is taken over', async () => {
  const file = join(temporaryFolder(), 'a.lock');
  writeFileSync(file, JSON.stringify({ host: hostname(), pid: deadPid() }));
  const lock = await takeLock(file, { onWait: () => expect.unreachable('it must not wait') });
  expect(ownerIsAlive(file)).toBe(true);
  lock.release();
  expect(existsSync(file)).toBe(false);
});

test('an unreadable lock is taken over', async () => {
  const file = join(temporaryFolder(), 'a.lock');
  writeFileSync(file, '');
  (await takeLock(file)).release();
});

test('waiting ends when the signal aborts', async () => {
  const file = join(temporaryFolder(), 'a.lock');
  const first = await takeLock(file);
  await expect(takeLock(file, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  first.release();
});

test('a process with the number of a dead one is not its owner', () => {
  const file = join(temporaryFolder(), 'a.lock');
  const owner = currentOwner();
  writeFileSync(file, JSON.stringify(owner));
  expect(ownerIsAlive(file)).toBe(true);
  writeFileSync(file, JSON.stringify({ ...owner, started: '1' }));
  expect(ownerIsAlive(file)).toBe(process.platform !== 'linux');
});

test('on another machine, the owner counts as alive as long as its file is touched', () => {
  const file = join(temporaryFolder(), 'a.lock');
  writeFileSync(file, JSON.stringify({ host: 'elsewhere', pid: 1 }));
  expect(ownerIsAlive(file)).toBe(true);
  const longAgo = new Date(Date.now() - 120_000);
  utimesSync(file, longAgo, longAgo);
  expect(ownerIsAlive(file)).toBe(false);
});
