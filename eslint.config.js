// Type-checked lint of everything in TypeScript, and the layer rule of ARCHITECTURE.md: imports go down only.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import copies from './scripts/lint/copies.mjs';

/** What a folder may import from the rest of src (itself is always allowed). `vscode`: may it import the editor's API. */
const LAYERS = {
  // Pure, for every layer and for the pages.
  numbers: { may: [] },
  // The results' types are derived from the catalog: types only.
  protocol: { may: [], types: ['metrics/catalog', 'metrics/severalCatalog'] },
  bytes: { may: ['protocol'] },
  // Text from a file as each surface shows it, and patterns: pure.
  text: { may: [] },
  files: { may: ['formats', 'bytes', 'protocol'] },
  formats: { may: ['numbers', 'bytes', 'text', 'protocol'] },
  // Data about names, and small pure functions over it: the pages' labels read it too.
  families: { may: ['protocol'] },
  cache: { may: ['files', 'bytes', 'protocol'] },
  checkpoint: { may: ['families', 'formats', 'numbers', 'bytes', 'text', 'protocol'] },
  kernels: { may: [] },
  linalg: { may: ['files/index', 'numbers', 'protocol'] },
  metrics: { may: ['linalg/backend', 'numbers', 'protocol'] },
  // Sentences over what a comparison has yielded: pure, for every surface and for the pages.
  answer: {
    may: [
      ...['coverage', 'lineage', 'median', 'verdict'].map((file) => `metrics/${file}`),
      ...['families', 'numbers', 'text', 'protocol'],
    ],
    types: ['metrics/catalog'],
  },
  results: { may: ['answer', 'metrics/summary', 'metrics/coverage', 'metrics/several', 'protocol'] },
  health: { may: ['checkpoint', 'families', 'formats', 'numbers', 'bytes', 'protocol'] },
  analysis: {
    may: [
      'cache',
      'files',
      'health',
      'metrics',
      'linalg',
      'checkpoint',
      'formats',
      'numbers',
      'bytes',
      'text',
      'protocol',
    ],
  },
  engine: { may: ['cache', 'analysis', 'linalg', 'checkpoint', 'formats', 'bytes', 'protocol'] },
  // Figures in words: the catalog, the verdicts and the glob are pure functions.
  assistant: {
    may: [
      'answer',
      'results',
      'metrics',
      'checkpoint/discover',
      'checkpoint/glob',
      'checkpoint/hub',
      'checkpoint/steps',
      'formats',
      'text',
      'protocol',
    ],
  },
  mcp: { may: ['assistant', 'analysis', 'files', 'text', 'protocol'] },
  export: { may: ['metrics', 'text', 'bytes/path', 'protocol'] },
  // A comparison as a document: result and plan in, text out. Pure.
  report: { may: ['answer', 'metrics', 'text', 'protocol'] },
  cli: {
    may: [
      'cache',
      'mcp',
      'report',
      'results',
      'engine',
      'export',
      'analysis',
      'metrics',
      'linalg',
      'checkpoint',
      'formats',
      'files',
      'bytes',
      'text',
      'protocol',
    ],
  },
  // Numbers are the engine's work: the host side reaches it through its client only.
  tools: { may: ['assistant', 'engine', 'text', 'protocol'], vscode: true },
  git: { may: ['files', 'formats', 'protocol'] },
  // What both pages need of VS Code.
  host: { may: ['cache', 'engine', 'files', 'bytes', 'formats', 'text', 'protocol'], vscode: true },
  editor: { may: ['host', 'engine', 'bytes', 'text', 'protocol'], vscode: true },
  comparison: {
    may: [
      ...['checkpoint/steps', 'host', 'engine', 'export', 'report', 'answer', 'results', 'files', 'bytes'],
      ...['text', 'protocol'],
    ],
    vscode: true,
  },
  // Its words follow the catalog and the verdict's rule.
  hover: {
    may: ['commands', 'engine', 'families', 'answer', 'results', 'metrics', 'formats', 'bytes', 'text', 'protocol'],
    vscode: true,
  },
  explorer: {
    may: ['commands', 'editor', 'answer', 'formats', 'text', 'protocol/say'],
    vscode: true,
  },
  commands: {
    may: [
      ...[
        'bytes',
        'cache',
        'comparison',
        'editor',
        'host',
        'engine',
        'export',
        'checkpoint',
        'formats',
        'files',
        'git',
        'numbers',
        'text',
      ],
      'protocol',
    ],
    vscode: true,
  },
};
const FOLDERS = Object.keys(LAYERS);

function layerRule(folder, { may, types = [], vscode = false }) {
  const whole = may.filter((path) => !path.includes('/'));
  const files = may.filter((path) => path.includes('/'));
  const forbidden = FOLDERS.filter((other) => other !== folder && !whole.includes(other));
  const not = (paths) => paths.map((path) => `(?!${path}\\.ts$)`).join('');
  const message = `src/${folder} may import ${may.join(', ') || 'nothing'} of src; see ARCHITECTURE.md.`;
  const outside = `(${forbidden.join('|')})(/|$)`;
  const patterns = [{ regex: `^(\\.\\./)+${not([...files, ...types])}${outside}`, message }];
  for (const path of types)
    patterns.push({
      regex: `^(\\.\\./)+${path}\\.ts$`,
      message: `src/${folder} takes types only of ${path}.`,
      allowTypeImports: true,
    });
  if (!vscode) patterns.push({ regex: '^vscode$', message: `src/${folder} runs outside the extension host.` });
  patterns.push({ regex: 'webview/', message: 'src does not import the webviews.' });
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

// Last, as a later rule of one name replaces an earlier one: the GPU code runs wherever a GPUDevice comes from.
const GPU_RULE = layerRule('linalg', LAYERS.linalg);
GPU_RULE.files = ['src/linalg/webgpu/**/*.ts'];
GPU_RULE.rules['@typescript-eslint/no-restricted-imports'][1].patterns.push({
  regex: '^(node:.*|webgpu)$',
  message: 'src/linalg/webgpu takes a GPUDevice and imports nothing of Node or Dawn.',
});

const readonly = (names) => Object.fromEntries(names.map((name) => [name, 'readonly']));
const NODE_GLOBALS = readonly([
  ...['console', 'process', 'performance', 'fetch', 'Buffer', 'URL', 'AbortController', 'structuredClone'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'WebAssembly', 'TextDecoder', 'TextEncoder'],
]);

/** Functions of node:fs that change a disk; `promises` would bring them all. */
const WRITERS = [
  ...[
    'appendFile',
    'chmod',
    'chown',
    'copyFile',
    'cp',
    'createWriteStream',
    'fchmod',
    'ftruncate',
    'futimes',
    'lchmod',
  ],
  ...[
    'lchown',
    'link',
    'lutimes',
    'mkdir',
    'mkdtemp',
    'promises',
    'rename',
    'rm',
    'rmdir',
    'symlink',
    'truncate',
    'unlink',
  ],
  ...['utimes', 'write', 'writeFile', 'writev', 'WriteStream'],
];

/** A pattern put together at run time may come from a file, and can take for ever. */
const NO_BUILT_REGEXP = {
  selector: ':matches(NewExpression, CallExpression)[callee.name="RegExp"][arguments.0.type!="Literal"]',
  message: 'A pattern that is not a literal is matched by src/text/pattern.',
};

const READ_ONLY = [
  {
    selector: 'CallExpression[callee.name=/^open(Sync)?$/][arguments.1.type="Literal"][arguments.1.value!="r"]',
    message: 'Outside src/files a file is opened for reading only.',
  },
  {
    selector: 'MemberExpression[property.name=/^O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)$/]',
    message: 'Outside src/files a file is opened for reading only.',
  },
  {
    selector: 'MemberExpression[object.property.name="workspace"][property.name="fs"]',
    message: 'Files are written by src/files only, and read from disk.',
  },
];
/** What only the command line or a language model says stays English, and errors that are for reports. */
const TRANSLATABLE = ['TemplateLiteral', 'Literal'].map((type) => ({
  selector: `NewExpression[callee.name="OffaxisError"][arguments.0.value!=/^(bug|cancelled)$/][arguments.1.type="${type}"]`,
  message: 'Write say`...` (src/protocol/say.ts), so that the sentence can be translated.',
}));

export default defineConfig(
  globalIgnores(['dist/', 'media/', '.offaxis-tools/', 'test-results/', 'shots/', 'src/kernels/', 'test/fixtures/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.config.ts'] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'error',
      '@typescript-eslint/prefer-for-of': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/return-await': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Interfaces ask for promises even if an implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Handlers of typed objects are written as methods and bound by their types; `this` is checked by strict.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  ...Object.entries(LAYERS).map(([folder, layer]) => layerRule(folder, layer)),
  GPU_RULE,
  {
    // `rm` and `mkdir` too: what the product writes, moves and removes is seen in one place.
    files: ['src/**/*.ts'],
    ignores: ['src/files/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].map((name) => ({
            name,
            importNames: WRITERS.flatMap((writer) => [writer, `${writer}Sync`]),
            message: 'Files are written by src/files only.',
          })),
          patterns: [{ regex: '^fs(/|$)', message: 'Say node:fs.' }],
        },
      ],
      'no-restricted-syntax': ['error', NO_BUILT_REGEXP, ...READ_ONLY, ...TRANSLATABLE],
    },
  },
  {
    files: ['cli', 'mcp', 'assistant', 'tools', 'analysis/patch'].map((folder) => `src/${folder}/**/*.ts`),
    rules: { 'no-restricted-syntax': ['error', NO_BUILT_REGEXP, ...READ_ONLY] },
  },
  // Patterns put together from the tables of the families, which are source and nothing else; it reads no file.
  { files: ['src/families/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['webview/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', NO_BUILT_REGEXP],
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'lit',
              importNames: ['html', 'svg', 'mathml'],
              message: 'Templates are written with shared/html.ts.',
            },
          ],
          patterns: [
            // figures/ and what computes them comes with the catalog
            {
              regex:
                '/src/(?!protocol/|numbers/|families/|answer/|results/|text/|metrics/(adapter|adapterUpdates|catalog|coverage|figure|groups|headlines|lineage|median|quantisation|verdict)\\.ts$)',
              message:
                'A webview imports only src/protocol, src/numbers, src/families, src/answer, src/results, src/text and the declarations of src/metrics.',
            },
            { regex: '^(vscode|node:.*)$', message: 'A webview runs in a browser.' },
          ],
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.ts'],
    plugins: { copies },
    rules: { 'copies/no-spread-arguments': 'error', 'copies/no-copy-append': 'error' },
  },
  // The one place that takes lit's own tag; a template has as many values as its source writes.
  {
    files: ['webview/shared/html.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': 'off', 'copies/no-spread-arguments': 'off' },
  },
  { files: ['**/*.mjs', '*.js'], languageOptions: { globals: NODE_GLOBALS } },
  // Scripts, the command line and tests talk to a terminal.
  { files: ['scripts/**', 'src/cli/**', 'test/**', 'src/engine/process.ts'], rules: { 'no-console': 'off' } },
);
