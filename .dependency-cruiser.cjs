// The direction of imports (docs/architecture.md):
//   cli, worker → formats, generation, training, data → model → streaming → layers → graph → plan → kernels
// Imports of types count: a type from above is knowledge of what is above.

/** From the bottom: a storey's files import from their own and lower storeys. */
const storeys = [
  ['options'],
  ['tensors'],
  ['kernels'],
  ['plan'],
  ['initializers', 'regularizers', 'constraints', 'activations'],
  ['graph'],
  ['layers'],
  ['streaming'],
  ['model'],
  ['formats', 'generation', 'training', 'data'],
  ['cli', 'worker'],
];
const rooms = storeys.flat().join('|');
const entries = '^src/(index|inference|relaxed|convert|data|realtime|worker|layers/index)\\.ts$';
const training = '^src/training/|^src/layers/backward/|^src/kernels/(generated/training|training-)';

const nothingImportsUpward = storeys.slice(0, -1).map((storey, level) => ({
  name: `${storey.join('-and-')}-import-nothing-above`,
  severity: 'error',
  from: { path: `^src/(${storey.join('|')})/` },
  to: {
    path: `^src/(${storeys
      .slice(level + 1)
      .flat()
      .join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    ...nothingImportsUpward,
    {
      name: 'no-cycles',
      comment: 'No two files import each other, over others neither.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'src-has-only-the-known-rooms',
      comment: 'A new room is entered above, at its storey.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: [`^src/(${rooms})/`, entries] },
    },
    {
      name: 'entry-points-are-for-users',
      comment: 'What lies behind an entry point is imported from where it is.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(index|inference|relaxed|convert|data|realtime|worker)\\.ts$' },
    },
    {
      name: 'every-file-is-reached-from-an-entry-point',
      severity: 'error',
      from: { path: entries },
      to: {
        path: '^src/',
        // These stand in for others, in workerd and where there is no terminal, or are scripts of threads.
        pathNot: [
          entries,
          '^src/kernels/compiled\\.workerd\\.ts$',
          '^src/training/progress/plain\\.ts$',
          '^src/training/files/none\\.ts$',
          '^src/training/threads/(none|web)\\.ts$',
          '^src/worker/(thread-|serve|helper|training-thread|sent-hooks)',
        ],
        reachable: false,
      },
    },
    {
      name: 'inference-data-and-layers-reach-no-training',
      comment: 'A layer is handed its backward steps by training, in a table.',
      severity: 'error',
      from: { path: '^src/(inference|data|layers/index)\\.ts$' },
      to: { path: training, reachable: true },
    },
    {
      name: 'inference-reaches-only-what-lint-keeps-portable',
      comment: 'The same list as `inferenceFiles` of eslint.config.js, and packages that are bundled.',
      severity: 'error',
      from: { path: '^src/inference\\.ts$' },
      to: {
        pathNot: [
          '^src/(options|tensors|kernels|plan|initializers|regularizers|constraints|activations|graph|layers|streaming|model)/',
          '^src/formats/(load|topology)[^/]*\\.ts$',
          'node_modules/@assemblyscript/loader/',
        ],
        reachable: true,
      },
    },
    {
      name: 'only-training-imports-backward-steps',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(training|layers/backward)/' },
      to: { path: '^src/layers/backward/' },
    },
    {
      name: 'only-kernels-imports-compiled-modules',
      comment: 'One place turns text into modules; others take a KernelBuild. The interfaces are for all.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernels/' },
      to: { path: '^src/kernels/generated/', pathNot: '/kernels\\.ts$' },
    },
    {
      name: 'only-kernels-imports-the-loader',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kernels/' },
      to: { path: 'node_modules/@assemblyscript/' },
    },
    {
      name: 'only-the-terminal-imports-cli-progress',
      comment: 'Everyone else imports #progress, which package.json points to a file without dependencies elsewhere.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/training/progress/terminal\\.ts$' },
      to: { path: 'node_modules/cli-progress/' },
    },
    {
      name: 'no-other-package-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: 'node_modules/',
        pathNot: ['node_modules/@assemblyscript/loader/', 'node_modules/cli-progress/', 'node_modules/@types/'],
      },
    },
    {
      name: 'src-imports-no-tests-or-tools',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts|bench|examples|assembly|build|dist)/' },
    },
    {
      name: 'reference-is-independent',
      comment: 'The float64 reference is written from the equations: it shares no code with what it checks.',
      severity: 'error',
      from: { path: '^tests/reference/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(src|assembly)/', reachable: true },
    },
    {
      name: 'inference-modules-hold-no-training',
      severity: 'error',
      from: { path: '^assembly/inference\\.ts$' },
      to: { path: '-backward\\.ts$|^assembly/(losses|optimizers|random)/', reachable: true },
    },
    {
      name: 'kernels-know-nothing-of-layers',
      severity: 'error',
      from: { path: '^assembly/' },
      to: { path: '^(src|tests|scripts|bench|examples)/|node_modules/' },
    },
    {
      name: 'imports-resolve',
      severity: 'error',
      from: { path: '^(src|assembly)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/', '^build/'] },
    exclude: { path: ['^tests/golden/', '^tests/runtimes/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
