/** What a release would publish: built, packed, checked by the usual tools, installed in an empty project and used there. */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Instructions, instructionsOf, PHOTOS, projectWith, shortCommand, shortProgram } from './pack/follow.ts';
import { installAll, METHODS, PACKAGES, type Packed, packAll, ROOT, run, tool } from './pack/packed.ts';
import { writePhotos } from './pack/photos.ts';

const MINUTES = 60_000;
const TYPES = {
  target: 'es2024',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  types: [],
};
const folder = mkdtempSync(join(tmpdir(), 'ssl-pack-'));
/** Where core, simclr, datasets and cli are installed. */
const project = join(folder, 'project');
let packages: ReadonlyMap<string, Packed>;

beforeAll(async () => {
  packages = await packAll(folder);
  await installAll(
    project,
    ['core', 'simclr', 'datasets', 'cli'].map(name => packages.get(name)!),
  );
}, 5 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(PACKAGES)('the tarball of %s', name => {
  const packed = (): Packed => packages.get(name)!;

  it('holds what is built, the licence and the README, and no sources', () => {
    const files = readdirSync(packed().folder);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']));
    expect(files).not.toContain('src');
    expect(readFileSync(join(packed().folder, 'LICENSE'), 'utf8')).toContain('MIT License');
  });

  it('names versions, not places in the workspace, and points at dist only', () => {
    const text = JSON.stringify(packed().manifest);
    expect(text).not.toMatch(/workspace:|catalog:|\.\/src\//);
  });

  it('passes publint', async () => {
    const bytes = readFileSync(packed().tarball);
    const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map(message => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it(
    'passes attw as ES modules',
    async () => {
      if (!('exports' in packed().manifest) || !('.' in (packed().manifest.exports as object))) return; // nothing to import
      await tool('attw', [
        packed().tarball,
        '--profile',
        'esm-only',
        '--no-emoji',
        '--no-color',
        '--no-definitely-typed',
      ]);
    },
    MINUTES,
  );
});

/** Packages whose code was put into `dist`, found through its source maps. */
function bundledIn({ folder: unpacked }: Packed): string[] {
  const dist = join(unpacked, 'dist');
  const maps = readdirSync(dist).filter(file => file.endsWith('.map'));
  const sources = maps.flatMap(
    file => (JSON.parse(readFileSync(join(dist, file), 'utf8')) as { sources: string[] }).sources,
  );
  const names = sources.flatMap(source => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
  return [...new Set(names)].sort();
}

describe('code of others', () => {
  it('is in core only, and NOTICE names it with its version', () => {
    const notice = readFileSync(join(packages.get('core')!.folder, 'NOTICE'), 'utf8');
    const others = [...packages].filter(([name]) => name !== 'core').flatMap(([, packed]) => bundledIn(packed));
    expect(others).toEqual([]);
    expect(bundledIn(packages.get('core')!)).toEqual(['@tensorflow/tfjs-node-gpu', 'google-protobuf']);
    for (const name of bundledIn(packages.get('core')!)) expect(notice).toContain(`${name} ${installedVersion(name)}`);
  });
});

function installedVersion(name: string): string {
  const store = join(ROOT, 'node_modules', '.pnpm');
  const [entry] = readdirSync(store).filter(each => each.startsWith(`${name.replace('/', '+')}@`));
  const manifest = join(store, entry!, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

describe('an empty project with core, simclr, datasets and cli installed', () => {
  it('needs nothing that is compiled at installation', () => {
    const store = readdirSync(join(project, 'node_modules', '.pnpm'));
    expect(store.filter(name => /tfjs-node|node-gyp|node-pre-gyp/.test(name))).toEqual([]);
    expect(existsSync(join(project, 'node_modules', '@ssl', 'core', 'dist', 'index.js'))).toBe(true);
  });

  it(
    'trains a step of SimCLR',
    async () => {
      copyFileSync(join(ROOT, 'tests/pack/train-step.mjs'), join(project, 'train-step.mjs'));
      const printed = JSON.parse(await run(process.execPath, ['train-step.mjs'], project)) as Record<string, unknown>;
      expect(printed).toEqual({ loss: expect.any(Number), backend: 'tensorflow', pictures: 2223 });
      expect(printed.loss).toBeGreaterThan(0);
    },
    2 * MINUTES,
  );

  it.each(['nodenext', 'bundler'])(
    'has its types, with module resolution %s',
    async resolution => {
      const module = resolution === 'bundler' ? 'esnext' : resolution;
      const compilerOptions = { module, moduleResolution: resolution, ...TYPES };
      writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
      copyFileSync(join(ROOT, 'tests/pack/types.ts'), join(project, 'types.ts'));
      await tool('tsc', [], project);
    },
    2 * MINUTES,
  );

  it(
    'runs the command ssl',
    async () => {
      expect((await run('npx', ['--no-install', 'ssl', '--version'], project)).trim()).toBe(
        packages.get('cli')!.manifest.version,
      );
      const report = JSON.parse(await run('npx', ['--no-install', 'ssl', 'doctor', '--json'], project)) as {
        ok: boolean;
      };
      expect(report.ok).toBe(true);
    },
    2 * MINUTES,
  );
});

describe.each(METHODS)('the README of %s, followed in an empty project', name => {
  const own = join(folder, 'followed', name);
  let instructions: Instructions;

  beforeAll(async () => {
    instructions = instructionsOf(readFileSync(join(packages.get(name)!.folder, 'README.md'), 'utf8'));
    const installed = instructions.install.map(each => packages.get(each.replace('@ssl/', ''))!);
    projectWith(own, installed, join(project, 'node_modules/@ssl/core'));
    await writePhotos(join(own, 'photos'), PHOTOS);
    writeFileSync(join(own, 'program.ts'), shortProgram(instructions));
  });

  it('installs what is needed: nothing but core stands behind the method and the command', () => {
    const { dependencies = {}, peerDependencies } = packages.get(name)!.manifest;
    expect(dependencies).toEqual({});
    expect(Object.keys(peerDependencies as object)).toEqual(['@ssl/core']);
    expect(instructions.install).toEqual([`@ssl/${name}`, '@ssl/core', '@ssl/cli']);
    expect(packages.get('cli')!.manifest.dependencies ?? {}).toEqual({});
  });

  it.concurrent(
    'trains with the program',
    async () => {
      const printed = await run(process.execPath, ['program.ts'], own);
      expect(printed).toMatch(/^-?\d[\d.e+-]* \S+\.safetensors\n$/); // the number that it prints is one that the method logs
      expect(existsSync(join(own, printed.trim().split(' ')[1]!))).toBe(true);
    },
    4 * MINUTES,
  );

  it.concurrent(
    'trains with the command',
    async () => {
      const printed = await run('sh', ['-ec', `npm_config_yes=false ${shortCommand(instructions)}`], own);
      expect(printed).toMatch(/^2 steps in 1 epoch, loss -?\d/);
    },
    4 * MINUTES,
  );
});

describe('the programs of all READMEs', () => {
  it(
    'have their types from the tarballs',
    async () => {
      const compilerOptions = { module: 'nodenext', ...TYPES };
      const config = { compilerOptions, include: ['*/program.ts'] };
      writeFileSync(join(folder, 'followed', 'tsconfig.json'), JSON.stringify(config));
      await tool('tsc', ['-p', join(folder, 'followed')]);
    },
    4 * MINUTES,
  );
});
