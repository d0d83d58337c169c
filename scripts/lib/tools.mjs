// @ts-check
// A real VS Code and a real browser for the tests, `npm start` and the screenshots. Node built-ins only.
import { existsSync, mkdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installDebian } from './debian.mjs';
import { run } from './install.mjs';
import { NODE_PACKAGES } from './nodes.mjs';

// code-server 4.139.1 is VS Code 1.139.1; it needs Node 24, which comes from npm as well. The scripts run on that one if the
// machine's is too old (lib/node.mjs).
const CODE_SERVER = 'code-server@4.139.1';
/**
 * Where the tools live: outside git, kept between runs.
 * @param {string} root
 */
export function toolsFolder(root) {
  return process.env.OFFAXIS_TOOLS || join(root, '.offaxis-tools');
}

// Without install scripts: the native parts that are needed ship prebuilt, the rest only logs that it is missing.
const FLAGS = ['--no-save', '--ignore-scripts', '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * @param {string} folder
 * @returns {{ nodePackage: string, installed: string, node: string }} `installed`: its package.json, `node`: the program
 */
function nodeOf(folder) {
  const nodePackage = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  if (!nodePackage || process.platform === 'win32')
    throw new Error(`There is no Node 24 for ${process.platform} on npm that the scripts could take.`);
  const place = join(folder, 'node_modules', nodePackage.slice(0, nodePackage.lastIndexOf('@')));
  return { nodePackage, installed: join(place, 'package.json'), node: join(place, 'bin', 'node') };
}

/**
 * `npm install` into the tools folder, of all that is to stay there: npm takes away what it wasn't asked for.
 * @param {string} folder
 * @param {string[]} packages
 */
function installTools(folder, packages) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  run('npm', ['install', ...FLAGS, ...packages], { cwd: folder });
  chmodSync(nodeOf(folder).node, 0o755);
}

/**
 * The Node of the tools, installed from npm if it isn't there yet (about 40 MB to fetch).
 * @param {string} root
 * @returns {string} path of the program
 */
export function ensureNode(root) {
  const folder = toolsFolder(root);
  const { nodePackage, installed, node } = nodeOf(folder);
  const version = nodePackage.slice(nodePackage.lastIndexOf('@') + 1);
  if (existsSync(node) && existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === version)
    return node;
  console.log(`Installing ${nodePackage} into ${folder}`);
  installTools(folder, [nodePackage]);
  return node;
}

/**
 * Installs code-server and its Node from npm if they are not there yet (about half a minute, 600 MB).
 * @param {string} root
 * @returns {{ node: string, entry: string }}
 */
export function ensureCodeServer(root) {
  const folder = toolsFolder(root);
  const server = join(folder, 'node_modules', 'code-server');
  const entry = join(server, 'out', 'node', 'entry.js');
  const { nodePackage, node } = nodeOf(folder);
  const stamp = join(folder, 'installed');
  const wanted = `${CODE_SERVER} ${nodePackage}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(entry)) return { node, entry };

  console.log(`Installing ${CODE_SERVER} (a real VS Code) into ${folder}`);
  installTools(folder, [CODE_SERVER, nodePackage]);
  // Not `npm ci`: the shrinkwrap of VS Code's own packages is incomplete.
  const workbench = join(server, 'lib', 'vscode');
  run('npm', ['install', '--omit=dev', ...FLAGS], { cwd: workbench });
  run('npm', ['install', '--omit=dev', ...FLAGS], { cwd: join(workbench, 'extensions') });
  writeFileSync(stamp, wanted);
  return { node, entry };
}

/** @returns {string | null} */
function findChromium() {
  const named = process.env.OFFAXIS_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`OFFAXIS_CHROMIUM names ${named}, which does not exist.`);
  }
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const onPath = (process.env.PATH ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const applications = ['Chromium', 'Google Chrome'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  return [...onPath, ...applications].find((path) => existsSync(path)) ?? null;
}

/**
 * A Chromium for the integration tests. Installs Debian's if we are root and there is none; else names the command and throws.
 * @returns {string} path of the program
 */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  installDebian(
    ['chromium', 'fonts-dejavu-core'],
    'The integration tests need Chromium, which OFFAXIS_CHROMIUM may name',
  );
  const installed = findChromium();
  if (installed) return installed;
  throw new Error("Chromium was installed, but can't be found. Name it in OFFAXIS_CHROMIUM.");
}
