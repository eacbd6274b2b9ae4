/** For tests: the command in a process of its own, and a project to call it from. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePng } from '@ssl/core/data';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** From start to end, milliseconds. */
  readonly took: number;
}

export interface Started {
  readonly child: ChildProcess;
  /** When standard error has had `text`, or the process has ended. */
  readonly said: (text: string) => Promise<void>;
  readonly done: Promise<Outcome>;
}

/** @param words what follows `ssl`, without spaces inside words */
export function startSsl(words: string, cwd: string, env: Record<string, string> = {}): Started {
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, ...words.split(' ').filter(Boolean)], {
    cwd,
    env: { ...process.env, SSL_DEBUG: '', ...env },
  });
  let [out, err] = ['', ''];
  let look = (): void => {};
  child.stdout.on('data', (text: Buffer) => {
    out += text;
  });
  child.stderr.on('data', (text: Buffer) => {
    err += text;
    look();
  });
  const done = new Promise<Outcome>(resolve => {
    child.on('close', code => resolve({ code, out, err, took: performance.now() - began }));
  });
  const heard = (text: string): Promise<void> =>
    new Promise(resolve => {
      look = () => {
        if (err.includes(text)) resolve();
      };
      look();
    });
  return { child, said: text => Promise.race([heard(text), done.then(() => undefined)]), done };
}

/** Grey pictures of 32 x 32 in `folder`, each with bars of a width of its own. */
export async function writePictures(folder: string, count: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from({ length: 32 * 32 }, (_, p) => ((p % 32) % (i + 2) < 2 ? 20 : 200 + (i % 50)));
    writeFileSync(join(folder, `${i}.png`), await encodePng({ data, width: 32, height: 32, channels: 1 }));
  }
}

/** A method package that trains in a moment: the small method of core's own tests, whatever backbone is asked for. */
export function writeSmallMethod(project: string): void {
  const folder = join(project, 'node_modules', '@ssl', 'small');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: '@ssl/small',
    type: 'module',
    exports: './index.js',
    ssl: { kind: 'method', title: 'Small' },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const source = new URL('../../core/src/train/small-run.ts', import.meta.url);
  writeFileSync(
    join(folder, 'index.js'),
    `import { SMALL_RECIPE, smallMethod } from ${JSON.stringify(source.href)};
     export const method = {
       spec: 1, name: 'small', defaults: { weight: 1 },
       viewPlans: { only: () => smallMethod().views }, recipes: { only: SMALL_RECIPE },
       create: ({ backbone, views, seed, recipe, ...settings }) => smallMethod(settings),
     };`,
  );
}
