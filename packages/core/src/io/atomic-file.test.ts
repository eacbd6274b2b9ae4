import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../errors.ts';
import { removePartials, writeAtomic } from './atomic-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'ssl-atomic-'));
const small = join(directory, 'small');
mkdirSync(small);
const mounted =
  process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]).status === 0;

afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(directory, { recursive: true });
});

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe('writeAtomic', () => {
  it('writes and patches, makes folders, replaces, leaves nothing beside the file', async () => {
    const path = join(directory, 'deep', 'er', 'file');
    for (const value of [1, 2]) {
      await writeAtomic(path, async file => {
        await file.write(bytes(10, value));
        await file.write(bytes(5, 7));
        await file.patch(bytes(2, 9), 4);
      });
      expect([...readFileSync(path)]).toEqual([...bytes(4, value), 9, 9, ...bytes(4, value), ...bytes(5, 7)]);
    }
    expect(readdirSync(join(directory, 'deep', 'er'))).toEqual(['file']);
  });

  it('shows the old content until the new one is whole', async () => {
    const path = join(directory, 'old');
    writeFileSync(path, 'old');
    await writeAtomic(path, async file => {
      await file.write(bytes(3, 65));
      expect(readFileSync(path, 'utf8')).toBe('old');
      await file.write(bytes(3, 66));
    });
    expect(readFileSync(path, 'utf8')).toBe('AAABBB');
  });

  it("keeps the old file and passes on the writer's own error", async () => {
    const path = join(directory, 'failing');
    writeFileSync(path, 'old');
    const failure = Object.assign(new Error('mine'), { code: 'ENOSPC', syscall: 'write' });
    const attempt = writeAtomic(path, async file => {
      await file.write(bytes(3, 65));
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory).filter(name => name.startsWith('.'))).toEqual([]);
  });

  it('says when there is no folder to write into', async () => {
    writeFileSync(join(directory, 'file'), '');
    const attempt = writeAtomic(join(directory, 'file', 'below'), file => file.write(bytes(1, 1)));
    await expect(attempt).rejects.toThrow(CheckpointError);
    await expect(writeAtomic(join(directory, 'file', 'below'), file => file.write(bytes(1, 1)))).rejects.toThrow(
      /below: must be writable; got E/,
    );
  });

  it('lets two writers of one path each write a whole file', async () => {
    const path = join(directory, 'contested');
    await Promise.all(
      [1, 2, 3, 4].map(value =>
        writeAtomic(path, async file => {
          for (let i = 0; i < 20; i++) await file.write(bytes(1000, value));
        }),
      ),
    );
    const content = readFileSync(path);
    expect(content.length).toBe(20_000);
    expect(new Set(content).size).toBe(1);
  });
});

describe('a full disk', () => {
  const fill = async (path: string): Promise<void> =>
    writeAtomic(
      path,
      async file => {
        for (let i = 0; i < 10; i++) await file.write(bytes(60_000, 1));
      },
      { bytes: 600_000 },
    );

  it.skipIf(!mounted)('keeps the old file, removes the rest, and says what was needed and what is free', async () => {
    const path = join(small, 'weights');
    await writeAtomic(path, file => file.write(bytes(100_000, 5)));
    await expect(fill(path)).rejects.toThrow(CheckpointError);
    await expect(fill(path)).rejects.toThrow(
      /weights: needs 0\.6 MB; got 0\.2 MB free, and the disk is full; make room/,
    );
    expect([...new Set(readFileSync(path))]).toEqual([5]);
    expect(readdirSync(small)).toEqual(['weights']);
    await writeAtomic(path, file => file.write(bytes(120_000, 6)));
    expect([...new Set(readFileSync(path))]).toEqual([6]);
  });

  it.skipIf(process.platform === 'win32')('the same with a limit on the length of files', () => {
    const path = join(directory, 'limited');
    writeFileSync(path, 'old');
    const script = `
      import { writeAtomic } from ${JSON.stringify(new URL('./atomic-file.ts', import.meta.url).href)};
      const message = await writeAtomic(process.argv[1], file => file.write(new Uint8Array(600_000))).catch(error => error.name + ' ' + error.message);
      console.log(message);
    `;
    const command = `ulimit -f 64; exec "$0" --input-type=module -e "$1" "$2"`; // 64 blocks, 32 or 64 kB
    const { stdout, stderr } = spawnSync('sh', ['-c', command, process.execPath, script, path], { encoding: 'utf8' });
    expect(stdout, stderr).toMatch(
      /^CheckpointError .*limited: needs 0\.6 MB; got .* free, and files may not get as long/,
    );
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory).filter(name => name.startsWith('.'))).toEqual([]);
  });
});

describe('removePartials', () => {
  it('removes what dead writers left, and nothing else', async () => {
    const folder = join(directory, 'left');
    mkdirSync(folder);
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const names = {
      dead: `.a.${dead}.0123abcd.partial`,
      earlier: `.a.${process.pid}.0123abcd.partial`, // of a process that had our number before us
      living: `.a.${process.ppid}.0123abcd.partial`,
      other: '.a.partial',
    };
    for (const name of [...Object.values(names), 'a']) writeFileSync(join(folder, name), '');
    await writeAtomic(join(folder, 'b'), async file => {
      await file.write(bytes(1, 1));
      await removePartials(folder);
    });
    expect(readdirSync(folder).sort()).toEqual([names.living, names.other, 'a', 'b'].sort());
    await removePartials(join(folder, 'absent'));
    expect(existsSync(join(folder, 'absent'))).toBe(false);
  });
});
