/** Who may import whom. `pnpm check` runs it; a broken rule names itself, and its comment says why it is there. */
const { exports: publicNames } = require('./packages/core/package.json');

/** Folders of core, each with those it may import besides itself. Files directly in `src` (errors …) are for all. */
const LAYERS = {
  engine: [],
  tensor: ['engine'],
  ops: ['tensor'],
  nn: ['ops', 'tensor'],
  backbones: ['nn', 'ops', 'tensor'],
  optim: ['nn', 'ops', 'tensor'],
  data: ['engine', 'tensor', 'io'],
  method: ['backbones', 'optim', 'nn', 'ops', 'tensor', 'data'],
  eval: ['method', 'backbones', 'optim', 'nn', 'ops', 'tensor', 'data', 'io'],
  train: ['eval', 'method', 'backbones', 'optim', 'nn', 'ops', 'tensor', 'data', 'io'],
};

const TEST = '\\.test\\.ts$';
const METHODS = '^packages/(?!core/|cli/|datasets/)[^/]+/';
const escaped = text => text.replaceAll('.', '\\.');
const publicFiles = Object.values(publicNames).map(file => escaped(file.replace('./', 'packages/core/')));

const layers = Object.entries(LAYERS).map(([folder, below]) => ({
  name: `core-layer-${folder}`,
  comment: `core/src/${folder} may import ${below.join(', ') || 'no other folder'}; move what it needs down, or itself up`,
  severity: 'error',
  from: { path: `^packages/core/src/${folder}/`, pathNot: TEST },
  to: { path: '^packages/core/src/[^/]+/', pathNot: `^packages/core/src/(${[folder, ...below].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'no-cycles',
      comment: 'two files that import each other (types aside) are one file, or hold something that belongs below both',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-not-through-its-index',
      comment: "inside core, import the file that has it: going through the package's own index makes cycles",
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: TEST },
      to: { path: '^packages/core/src/index\\.ts$' },
    },
    {
      name: 'native-library-only-in-engine',
      comment: 'koffi is for core/src/engine, so that only one folder knows about pointers',
      severity: 'error',
      from: { pathNot: '^packages/core/src/engine/' },
      to: { path: 'node_modules/koffi/' },
    },
    {
      name: 'tfjs-only-in-engine-and-tensor',
      comment: "take `tf` from '@ssl/core' (inside core: tensor/tf.ts), where our engine stands behind it",
      severity: 'error',
      from: { pathNot: '^packages/core/src/(engine|tensor)/' },
      to: { path: 'node_modules/@tensorflow/' },
    },
    {
      name: 'public-names-of-core-only',
      comment: "outside core, import '@ssl/core' or one of the subpaths in its package.json: nothing else is published",
      severity: 'error',
      from: { path: '^(packages|examples|bench)/', pathNot: '^packages/core/' },
      to: { path: '^packages/core/src/', pathNot: `^(${publicFiles.join('|')})$` },
    },
    {
      name: 'packages-by-name',
      comment: 'import another package by its name: a relative path leads nowhere once it is installed',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'packages-by-name-for-programs',
      comment: 'import a package by its name, as whoever copies this program will',
      severity: 'error',
      from: { path: '^(examples|bench)/' },
      to: { path: '^packages/', dependencyTypes: ['local'] },
    },
    {
      name: 'core-knows-no-package',
      comment: 'core must work without any other package of this repository',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { path: '^packages/(?!core/)' },
    },
    {
      name: 'methods-import-core-only',
      comment: 'a method is a folder one could delete: it stands on @ssl/core alone, not on another method or library',
      severity: 'error',
      from: { path: `${METHODS}src/(?!.*${TEST})` },
      to: { pathNot: [`${METHODS}src/`, '^packages/core/src/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'methods-do-not-import-each-other',
      comment: 'what two methods share belongs into core, once a third one needs it',
      severity: 'error',
      from: { path: `${METHODS.replace('[^/]+', '([^/]+)')}` },
      to: { path: METHODS, pathNot: '^packages/$1/' },
    },
    {
      name: 'datasets-import-core-data-only',
      comment:
        '@ssl/datasets gives images and labels; it needs nothing of core but @ssl/core/data, and what fetches files',
      severity: 'error',
      from: { path: '^packages/datasets/src/', pathNot: TEST },
      to: {
        pathNot: [
          '^packages/datasets/src/',
          '^packages/core/src/((data|io)/index|engine/setup)\\.ts$',
          'node_modules/(@types/)?tar-stream/',
          'node_modules/vitest/', // helpers of tests, as below
        ],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'no-development-dependencies',
      comment:
        'what a package imports must be among its dependencies or peers, or whoever installs it does not have it',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: [TEST, '^packages/core/src/tensor/tf\\.ts$'] },
      to: {
        pathNot: 'node_modules/vitest/', // helpers of tests; tests/pack.test.ts sees to it that none is published
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'unresolvable',
      comment: 'the import leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|examples)/[^/]+/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6'], // a function called `require` imports nothing
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
