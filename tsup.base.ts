/** The only build settings: one file for every name in a package's `exports` and `bin`, which point at sources while developing. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from 'tsup';

/** CommonJS code inside an ES module calls `require`, which is not there. */
const REQUIRE = `import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);`;

export interface LibraryOptions {
  /** Packages whose code goes into `dist`. They are development dependencies: whoever installs ours does not get them. */
  readonly bundle?: readonly (string | RegExp)[];
  /** Imports to turn into others that stay imports, by name: what bundled code imports and a user would not have. */
  readonly replace?: Readonly<Record<string, string>>;
}

/** For a package's `tsup.config.ts`: ES modules, types and source maps. Code that two files share is written once. */
export function library({ bundle = [], replace = {} }: LibraryOptions = {}): Options {
  return {
    entry: entries(),
    format: 'esm',
    target: 'node22',
    dts: true,
    sourcemap: true,
    splitting: true,
    clean: true,
    removeNodeProtocol: false,
    tsconfig: fileURLToPath(new URL('tsconfig.json', import.meta.url)),
    noExternal: [...bundle],
    ...(bundle.length > 0 && { banner: { js: REQUIRE } }),
    esbuildPlugins: [
      {
        name: 'replace',
        setup(build) {
          for (const [from, to] of Object.entries(replace)) {
            build.onResolve({ filter: new RegExp(`^${from}$`) }, () => ({ path: to, external: true }));
          }
        },
      },
    ],
  };
}

/** `./nn` becomes `dist/nn.js`, `.` becomes `dist/index.js`, a program gets the name of its source. */
function entries(): Record<string, string> {
  const { exports = {}, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports?: Record<string, string>;
    bin?: Record<string, string>;
  };
  const modules = Object.entries(exports).map(([subpath, source]) => [subpath.slice(2) || 'index', source] as const);
  const programs = Object.values(bin).map(source => [basename(source, '.ts'), source] as const);
  return Object.fromEntries([...modules, ...programs].filter(([, source]) => source.endsWith('.ts')));
}
