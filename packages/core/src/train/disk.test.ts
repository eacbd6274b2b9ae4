import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProgressEvent } from './index.ts';
import { runFolder } from './index.ts';
import { appendMetrics } from './metrics-file.ts';
import { smallBackbone, smallMethod, smallRun } from './small-run.ts';

const root = mkdtempSync(join(tmpdir(), 'ssl-disk-'));
const small = join(root, 'small');
mkdirSync(small);
// Needs the rights to mount; where they are missing, a limit on the length of files has to do.
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [small]);
  rmSync(root, { recursive: true });
});

/** Checkpoints of 0.2 MB. */
const wide = (): ReturnType<typeof smallMethod> => smallMethod({ backbone: smallBackbone({ width: 32 }) });

describe('a full disk while a checkpoint is written', () => {
  test.skipIf(!mounted)('ends the run, says so, and leaves the checkpoints before it', async () => {
    const [out, filler] = [join(small, 'run'), join(small, 'filler')];
    const onProgress = (event: ProgressEvent): void => {
      if (event.phase === 'train' && event.done === 4) fill(filler);
    };
    await expect(smallRun(out, { method: wide(), onProgress })).rejects.toMatchObject({
      name: 'CheckpointError',
      message: expect.stringMatching(
        /step-000000006.safetensors: needs 0\.\d MB; got 0.0 MB free, and the disk is full; make room, .* \(what was there before is untouched\)/,
      ),
    });
    expect(readdirSync(runFolder(out).checkpoints)).toEqual(['step-000000003.safetensors']);
    rmSync(filler);
    expect(await smallRun(out, { method: wide(), resume: true })).toBe(
      await smallRun(join(root, 'whole'), { method: wide() }),
    );
  });

  test.skipIf(process.platform === 'win32')('the same with a limit on the length of files', async () => {
    const out = join(root, 'limited');
    await expect(smallRun(out, { method: wide(), stopAfter: 3 })).rejects.toThrow(/stopped/);
    const [checkpoint] = readdirSync(runFolder(out).checkpoints);
    const kept = readFileSync(join(runFolder(out).checkpoints, checkpoint!));
    const url = JSON.stringify(new URL('./small-run.ts', import.meta.url).href);
    const script = `const m = await import(${url});
      const method = m.smallMethod({ backbone: m.smallBackbone({ width: 32 }) });
      await m.smallRun(process.argv[1], { method, resume: true });`;
    const command = 'ulimit -f 100; exec "$0" --input-type=module -e "$1" "$2"'; // 100 blocks, 50 or 100 kB
    const child = spawnSync('sh', ['-c', command, process.execPath, script, out], { encoding: 'utf8' });
    expect(child.status).toBe(1);
    expect(child.stderr).toMatch(/CheckpointError: .*step-000000006.safetensors: .* files may not get as long/);
    expect(readdirSync(runFolder(out).checkpoints)).toEqual([checkpoint]);
    expect(readFileSync(join(runFolder(out).checkpoints, checkpoint!)).equals(kept)).toBe(true);
  });
});

test.skipIf(process.platform !== 'linux')('a full disk while a line of metrics is written', async () => {
  await expect(appendMetrics('/dev/full', { step: 1 })).rejects.toMatchObject({
    name: 'CheckpointError',
    message: expect.stringMatching(/^\/dev\/full: must be writable; got ENOSPC: .*; make room .* resume: true/),
  });
});

function fill(file: string): void {
  for (const bytes of [65_536, 1024]) {
    try {
      for (;;) writeFileSync(file, new Uint8Array(bytes), { flag: 'a' });
    } catch {
      // full
    }
  }
}
