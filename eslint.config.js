import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * What `bucle/inference` reaches. A rule of .dependency-cruiser.cjs keeps this list true.
 * The inference modules run where there is nothing but ECMAScript and WebAssembly: in an AudioWorklet.
 */
const inferenceFiles = [
  'src/inference.ts',
  'src/{options,tensors,kernels,plan,initializers,regularizers,constraints,activations,graph,layers,streaming,model}/**/*.ts',
  'src/formats/load*.ts',
  'src/formats/topology.ts',
];

/** A host may round these its own way, so that they would break "the same bits everywhere" (docs/numerics.md). */
const mathOfTheHost =
  'acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow random sin sinh tan tanh';

/** @type {import('eslint').Linter.RulesRecord} */
const sameBitsEverywhere = {
  'no-restricted-properties': [
    'error',
    ...mathOfTheHost.split(' ').map((property) => ({
      object: 'Math',
      property,
      message: 'Hosts differ in the last bit: no tensor arithmetic here, and scalars come from a kernel.',
    })),
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: ':matches(BinaryExpression[operator="**"], AssignmentExpression[operator="**="])',
      message: 'Hosts differ in the last bit of a power: multiply, or ask a kernel.',
    },
    {
      selector: 'VariableDeclarator[init.name="Math"]',
      message: 'Math by another name escapes the ban on functions that hosts round their own way.',
    },
    {
      selector: ':matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind!="const"]',
      message: 'No state at module level: it would be shared by all models of the process.',
    },
    {
      selector: 'ImportDeclaration[specifiers.length=0]',
      message: 'No import for its side effect: nothing may depend on what was loaded.',
    },
  ],
};

/**
 * To TypeScript, AssemblyScript's i32, f32 and usize are all `number`, and what it decides from that is wrong there.
 * @type {import('eslint').Linter.RulesRecord}
 */
const forAssemblyScript = {
  // `<usize>i` converts, and may not be removed; `i as usize` would mean the same, this is how AssemblyScript writes it.
  '@typescript-eslint/no-unnecessary-type-assertion': 'off',
  '@typescript-eslint/no-unnecessary-type-conversion': 'off',
  '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'angle-bracket' }],
  '@typescript-eslint/no-inferrable-types': 'off',
  '@typescript-eslint/no-unnecessary-type-arguments': 'off',
  '@typescript-eslint/no-unnecessary-type-parameters': 'off',
  // Constants of the compiler, such as ASC_FEATURE_RELAXED_SIMD, decide at compile time.
  'no-constant-condition': 'off',
  // The compiler knows neither `for … of`, nor `??`, nor `import type`.
  '@typescript-eslint/prefer-for-of': 'off',
  '@typescript-eslint/prefer-nullish-coalescing': 'off',
  '@typescript-eslint/consistent-type-imports': 'off',
  // Nothing converts silently in a comparison.
  eqeqeq: 'off',
  // Coefficients keep the digits that their authors printed.
  'no-loss-of-precision': 'off',
};

export default defineConfig(
  globalIgnores(['**/build/', 'coverage/', 'dist/', '**/node_modules/', 'src/kernels/generated/', 'tests/golden/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // TypeScript knows better which names exist.
      'no-undef': 'off',
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Right only with `noUncheckedIndexedAccess`, which is src/'s: elsewhere it takes an element for always there.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },

  {
    files: ['src/**/*.ts'],
    rules: {
      ...sameBitsEverywhere,
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },
  {
    files: inferenceFiles,
    ignores: ['src/layers/backward/**'],
    languageOptions: {
      globals: { WebAssembly: 'readonly' },
      // Without `dom`, so that any other global, in a type as well, is an undefined name to `no-undef`.
      parserOptions: { lib: ['es2023', 'esnext.disposable'] },
    },
    rules: {
      'no-undef': ['error', { typeof: true }],
      'no-restricted-globals': [
        'error',
        { name: 'globalThis', message: 'What bucle/inference reaches uses only ECMAScript and WebAssembly.' },
      ],
      'no-restricted-imports': ['error', { patterns: ['node:*'] }],
    },
  },

  { files: ['assembly/**/*.ts'], rules: forAssemblyScript },
  {
    // Plain JavaScript outside of any tsconfig.
    files: ['**/*.cjs', 'tests/runtimes/**/*.{js,mjs}'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
