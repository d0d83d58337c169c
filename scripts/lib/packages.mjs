// @ts-check
// The packages: their names, and what belongs into them. Node built-ins only.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TARGETS, dawnFiles, targetOf } from './dawn.mjs';
import { nodeFiles } from './nodes.mjs';
import { toolsFolder } from './tools.mjs';

/** The package without Dawn, for every system that has none of its own. */
export const UNIVERSAL = 'universal';

/** The package for this machine. */
export function hostTarget() {
  const target = `${process.platform}-${process.arch}`;
  // Alpine's musl is linux-x64 to Node, and Dawn needs glibc.
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const musl = process.platform === 'linux' && !header.glibcVersionRuntime;
  return TARGETS.includes(target) && !musl ? target : UNIVERSAL;
}

/**
 * @param {string} root
 * @param {string} target
 */
export function vsixPath(root, target) {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return join(root, 'dist', target === UNIVERSAL ? `${name}-${version}.vsix` : `${name}-${target}-${version}.vsix`);
}

/**
 * What belongs to a system alone: Dawn and the Node that the engine runs on.
 * @param {string} root
 * @param {string} target
 * @returns {Map<string, Buffer>} by path in dist, "dawn/TARGET/dawn.node"; empty for the universal package
 */
export function nativeFiles(root, target) {
  if (target === UNIVERSAL) return new Map();
  const kinds = { dawn: dawnFiles(root, target), node: nodeFiles(toolsFolder(root), target) };
  return new Map(
    Object.entries(kinds).flatMap(([kind, files]) =>
      [...files].map(([name, bytes]) => /** @type {[string, Buffer]} */ ([`${kind}/${target}/${name}`, bytes])),
    ),
  );
}

/** What may be in a VSIX; everything else in one is a mistake. */
const ALLOWED = [
  /^\[Content_Types\]\.xml$/,
  /^extension\.vsixmanifest$/,
  /^extension\/(package(\.nls(\.[\w-]+)?)?\.json|readme\.md|changelog\.md|METRICS\.md|LICENSE\.txt)$/,
  /^extension\/dist\/((extension|window)\.cjs|(engine|linalg-worker|cli|mcp)\.mjs|THIRD-PARTY-NOTICES\.txt)$/,
  /^extension\/dist\/(kernels\/[\w.-]+\.wasm|webview\/[\w.-]+\.(js|css|ttf))$/,
  /^extension\/dist\/(dawn|node)\//,
  /^extension\/(media|l10n)\//,
];
const REQUIRED = [
  ...[
    'package.json',
    'readme.md',
    'METRICS.md',
    'LICENSE.txt',
    'dist/extension.cjs',
    'dist/window.cjs',
    'dist/engine.mjs',
    'dist/linalg-worker.mjs',
  ],
  ...[
    'dist/cli.mjs',
    'dist/mcp.mjs',
    'dist/THIRD-PARTY-NOTICES.txt',
    'dist/webview/inspector.js',
    'dist/webview/comparison.js',
    'dist/webview/several.js',
  ],
].map((name) => `extension/${name}`);

/**
 * What is wrong with a VSIX: a native file that is not this target's to the byte, anything that does not belong, anything missing.
 * @param {Map<string, { read(): Buffer }>} files of the VSIX, by name
 * @param {string} target
 * @param {Map<string, Buffer>} native what nativeFiles gives for the target
 * @returns {string[]}
 */
export function packageMistakes(files, target, native) {
  const mistakes = [];
  for (const name of files.keys()) {
    if (!ALLOWED.some((pattern) => pattern.test(name))) mistakes.push(`${name} does not belong there`);
  }
  for (const name of REQUIRED) if (!files.has(name)) mistakes.push(`${name} is missing`);
  const expected = new Map([...native].map(([name, bytes]) => [`extension/dist/${name}`, bytes]));
  for (const name of files.keys()) {
    if (/^extension\/dist\/(dawn|node)\//.test(name) && !expected.has(name))
      mistakes.push(`${name} is not of ${target}`);
    // Wherever it may lie: a native file of another system.
    if (/\.(node|dll|so|dylib|exe)$/.test(name) && !expected.has(name)) mistakes.push(`${name} is a native file`);
  }
  for (const [name, bytes] of expected) {
    const packed = files.get(name)?.read();
    if (!packed) mistakes.push(`${name} is missing`);
    else if (!packed.equals(bytes)) mistakes.push(`${name} is not the file from npm`);
    else if (!name.endsWith('/LICENSE') && targetOf(packed) !== target)
      mistakes.push(`${name} is for ${targetOf(packed)}`);
  }
  const manifest = files.get('extension.vsixmanifest')?.read().toString('utf8') ?? '';
  const declared = /TargetPlatform="([^"]*)"/.exec(manifest)?.[1] ?? UNIVERSAL;
  if (declared !== target) mistakes.push(`its manifest declares ${declared}`);
  return [...new Set(mistakes)];
}
