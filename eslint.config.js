// Type-checked lint of everything in TypeScript, and the layer rule of ARCHITECTURE.md: imports go down only.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What a folder may import from the rest of src (itself is always allowed). `vscode`: may it import the editor's API. */
const LAYERS = {
  // The results' types are derived from the catalog: types only.
  protocol: { may: [], types: ['metrics/catalog'] },
  formats: { may: ['protocol'] },
  checkpoint: { may: ['formats', 'linalg/backend', 'protocol'] },
  kernels: { may: [] },
  linalg: { may: ['metrics/rounding', 'protocol'] },
  // The streaming pass decodes the same storage codes as the backends.
  metrics: { may: ['linalg/backend', 'linalg/codes', 'protocol'] },
  health: { may: ['linalg/backend', 'linalg/codes', 'checkpoint', 'formats', 'protocol'] },
  analysis: { may: ['health', 'metrics', 'linalg', 'checkpoint', 'formats', 'protocol'] },
  engine: { may: ['analysis', 'metrics', 'linalg', 'checkpoint', 'formats', 'protocol'] },
  // Figures in words: the catalog, the verdicts and the glob are pure functions.
  assistant: { may: ['metrics', 'checkpoint/glob', 'protocol'] },
  mcp: { may: ['assistant', 'analysis', 'protocol'] },
  export: { may: ['metrics', 'protocol'] },
  cli: { may: ['mcp', 'engine', 'export', 'analysis', 'metrics', 'linalg', 'checkpoint', 'formats', 'protocol'] },
  // Numbers are the engine's work: the host side reaches it through its client only.
  tools: { may: ['assistant', 'engine', 'protocol'], vscode: true },
  // What both pages need of VS Code.
  host: { may: ['engine', 'protocol'], vscode: true },
  editor: { may: ['host', 'engine', 'protocol'], vscode: true },
  comparison: { may: ['host', 'engine', 'export', 'protocol'], vscode: true },
  // Its words follow the catalog and the verdict's rule.
  hover: { may: ['commands', 'engine', 'metrics', 'protocol'], vscode: true },
  commands: { may: ['comparison', 'editor', 'host', 'engine', 'export', 'protocol'], vscode: true },
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
      // Interfaces ask for promises where an implementation has nothing to wait for.
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
    files: ['webview/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            // figures/ and what computes them comes with the catalog
            {
              regex: '/src/(?!protocol/|metrics/(catalog|figure|groups|say|verdict)\\.ts$)',
              message: 'A webview imports only src/protocol and the declarations of src/metrics.',
            },
            { regex: '^(vscode|node:.*)$', message: 'A webview runs in a browser.' },
          ],
        },
      ],
    },
  },
  { files: ['**/*.mjs', '*.js'], languageOptions: { globals: NODE_GLOBALS } },
  // Scripts, the command line and tests talk to a terminal.
  { files: ['scripts/**', 'src/cli/**', 'test/**', 'src/engine/process.ts'], rules: { 'no-console': 'off' } },
);
