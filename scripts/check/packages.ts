/** Rules about packages: what a manifest says, and what a method package must have. */
import type { Package, Repository } from './repository.ts';

/** Packages that are not methods. All others are, and this list should stay as short as it is. */
const OTHERS = ['core', 'cli', 'datasets'];
const NODE = '>=22.18';

/** Development points at sources, publishing at `dist`: both lists must name the same things. */
export function manifests({ packages, files, read }: Repository): string[] {
  return packages.flatMap(({ folder, short, manifest }) => {
    const wrong = (rule: string, got: unknown, fix: string): string =>
      `${folder}/package.json: ${rule}; got ${JSON.stringify(got)}; ${fix}`;
    const { license, type, description, engines, sideEffects, publishConfig } = manifest;
    const expected = published(manifest.exports);
    return [
      manifest.name !== `@ssl/${short}` && wrong(`the name must be @ssl/${short}`, manifest.name, 'rename it'),
      type !== 'module' && wrong('"type" must be "module"', type, 'add it'),
      !license?.startsWith('MIT') && wrong('"license" must be MIT', license, 'add it'),
      !description && wrong('"description" must be one sentence', description, 'write it'),
      sideEffects === undefined && wrong('"sideEffects" must be said', sideEffects, 'add "sideEffects": false'),
      engines?.node !== NODE && wrong(`"engines" must be node ${NODE}`, engines, 'set it'),
      publishConfig?.access !== 'public' &&
        wrong('"publishConfig.access" must be public', publishConfig?.access, 'add it'),
      !same(publishConfig?.exports, expected) &&
        wrong(
          '"publishConfig.exports" must mirror "exports"',
          publishConfig?.exports,
          `use ${JSON.stringify(expected)}`,
        ),
      manifest.bin &&
        !publishConfig?.bin &&
        wrong('"publishConfig.bin" must mirror "bin"', undefined, 'point it at dist'),
      ...['dist', 'README.md', 'LICENSE'].map(
        file => !manifest.files?.includes(file) && wrong(`"files" must hold ${file}`, manifest.files, 'add it'),
      ),
      ...['README.md', 'LICENSE', 'tsup.config.ts'].map(
        file =>
          !files.includes(`${folder}/${file}`) &&
          `${folder}/${file}: must be there; got nothing; start from that of packages/simclr`,
      ),
      files.includes(`${folder}/LICENSE`) &&
        read(`${folder}/LICENSE`) !== read('LICENSE') &&
        `${folder}/LICENSE: must be that of the repository; got another text; copy LICENSE there`,
    ].filter(problem => typeof problem === 'string');
  });
}

/** Each file in `.changeset` names packages and the size of the step; a damaged one would only show at a release. */
export function changesets({ files, packages, read }: Repository): string[] {
  const names = packages.map(({ manifest }) => manifest.name);
  const entry = `(["'])(?:${names.join('|')})\\1: (?:patch|minor|major)\\n`;
  const whole = new RegExp(`^---\\n(?:${entry})+---\\n\\n\\S`);
  const written = files.filter(file => /^\.changeset\/(?!README).*\.md$/.test(file));
  const damaged = written.filter(file => !whole.test(read(file)));
  return damaged.map(
    file =>
      `${file}: must name packages and sizes, then say what changed; got ${JSON.stringify(read(file).slice(0, 60))}; see .changeset/README.md`,
  );
}

function published(exports: Readonly<Record<string, string>> = {}): Record<string, unknown> | undefined {
  const entries = Object.entries(exports).map(([subpath, source]) => {
    const name = subpath.slice(2) || 'index';
    const built = { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` };
    return [subpath, source.endsWith('.ts') ? built : source] as const;
  });
  // Without a source among them there is nothing to turn into `dist`.
  return entries.some(([, target]) => typeof target === 'object') ? Object.fromEntries(entries) : undefined;
}

const same = (a: unknown, b: unknown): boolean => b === undefined || JSON.stringify(a) === JSON.stringify(b);

/** A method package is one folder with everything that belongs to the method. */
export async function methodPackages(repository: Repository): Promise<string[]> {
  const methods = repository.packages.filter(({ short }) => !OTHERS.includes(short));
  const problems = await Promise.all(
    methods.map(async each => [
      ...methodManifest(each),
      ...methodFiles(each, repository),
      ...(await methodExports(each, repository)),
    ]),
  );
  return problems.flat();
}

function methodManifest({ folder, manifest }: Package): string[] {
  const { ssl, peerDependencies, devDependencies, dependencies } = manifest;
  const wrong = (rule: string, got: unknown): string =>
    `${folder}/package.json: ${rule}; got ${JSON.stringify(got)}; see packages/simclr/package.json`;
  const whole = ssl?.kind === 'method' && ssl.title && /^\d{4}\.\d{4,5}$/.test(ssl.paper ?? '');
  return [
    !whole && wrong('"ssl" must be { "kind": "method", "title": …, "paper": an arXiv number }', ssl),
    peerDependencies?.['@ssl/core'] !== 'workspace:^' &&
      wrong('"peerDependencies" must have "@ssl/core": "workspace:^"', peerDependencies),
    devDependencies?.['@ssl/core'] !== 'workspace:*' &&
      wrong('"devDependencies" must have "@ssl/core": "workspace:*"', devDependencies),
    dependencies && wrong('a method needs no "dependencies"', dependencies),
  ].filter(problem => typeof problem === 'string');
}

function methodFiles({ folder, short }: Package, { files }: Repository): string[] {
  const sources = ['index', 'config', 'loss', 'views', 'package', short, 'loss.test', `${short}.test`];
  const needed = [
    ...sources.map(name => `${folder}/src/${name}.ts`),
    `examples/${short}/package.json`,
    `examples/${short}/train.ts`,
  ];
  const missing = needed
    .filter(file => !files.includes(file))
    .map(file => `${file}: must be there; got nothing; see ${file.replaceAll(short, 'simclr')}`);
  const hasFixture = files.some(file => file.startsWith(`${folder}/src/__fixtures__/`));
  const fixture = `${folder}/src/__fixtures__: must hold a parity fixture; got none; write it with a script in scripts/parity`;
  return hasFixture ? missing : [...missing, fixture];
}

/** The part of `MethodPackage` that tools rely on. */
interface LoadedMethod {
  readonly spec: number;
  readonly name: string;
  readonly defaults: object;
  readonly recipes: object;
  readonly viewPlans: object;
}

interface LoadedIndex {
  readonly method?: LoadedMethod;
  readonly defaults?: object;
  readonly [name: string]: unknown;
}

async function methodExports({ folder, short }: Package, { root, files }: Repository): Promise<string[]> {
  const entry = `${folder}/src/index.ts`;
  if (!files.includes(entry)) return [];
  const wrong = (rule: string, got: unknown): string => `${entry}: ${rule}; got ${got}; see packages/simclr`;
  try {
    const loaded = (await import(`${root}/${entry}`)) as LoadedIndex;
    return exportProblems(short, loaded, wrong);
  } catch (error) {
    return [wrong('must be importable', (error as Error).message)];
  }
}

function exportProblems(short: string, loaded: LoadedIndex, wrong: (rule: string, got: unknown) => string): string[] {
  const factory = short.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const { method } = loaded;
  return [
    typeof loaded[factory] !== 'function' && wrong(`must export the function ${factory}`, typeof loaded[factory]),
    !loaded.defaults && wrong('must export defaults', loaded.defaults),
    (method?.spec !== 1 || method.name !== short) &&
      wrong(
        `must export method, with spec 1 and the name ${short}`,
        method && `spec ${method.spec}, name ${method.name}`,
      ),
    method && Object.keys(method.recipes).length === 0 && wrong('method.recipes must have a default', 'none'),
    method && Object.keys(method.viewPlans).length === 0 && wrong('method.viewPlans must have a default', 'none'),
  ].filter(problem => typeof problem === 'string');
}
