// A real VS Code and a real browser for the tests, `npm start` and the screenshots. Node built-ins only.
import { existsSync, mkdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './install.mjs';

// code-server 4.139.1 is VS Code 1.139.1; it needs Node 24, which comes from npm as well, so that any Node >= 20 can run the scripts.
const CODE_SERVER = 'code-server@4.139.1';
// The newest Node 24 that its packager has put on npm for each system.
const NODE_PACKAGES = { linux: 'node-linux-ARCH@24.21.0', darwin: 'node-bin-darwin-ARCH@24.0.0' };

/**
 * Where the tools live: outside git, kept between runs.
 * @param {string} root
 */
export function toolsFolder(root) {
  return process.env.OFFAXIS_TOOLS || join(root, '.offaxis-tools');
}

/**
 * Installs code-server and its Node from npm where they are not there yet (about half a minute, 600 MB).
 * @param {string} root
 * @returns {{ node: string, entry: string }}
 */
export function ensureCodeServer(root) {
  const folder = toolsFolder(root);
  const server = join(folder, 'node_modules', 'code-server');
  const entry = join(server, 'out', 'node', 'entry.js');
  const template = NODE_PACKAGES[process.platform];
  if (!template)
    throw new Error(`No Node 24 for ${process.platform} on npm: install VS Code and put \`code\` on the PATH.`);
  const nodePackage = template.replace('ARCH', process.arch);
  const node = join(folder, 'node_modules', nodePackage.split('@')[0], 'bin', 'node');
  const stamp = join(folder, 'installed');
  const wanted = `${CODE_SERVER} ${nodePackage}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(entry)) return { node, entry };

  console.log(`Installing ${CODE_SERVER} (a real VS Code) into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  // Without install scripts: the native parts that are needed ship prebuilt, the rest only logs that it is missing.
  const flags = [
    '--no-save',
    '--ignore-scripts',
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  run('npm', ['install', ...flags, CODE_SERVER, nodePackage], { cwd: folder });
  chmodSync(node, 0o755);
  // Not `npm ci`: the shrinkwrap of VS Code's own packages is incomplete.
  const workbench = join(server, 'lib', 'vscode');
  run('npm', ['install', '--omit=dev', ...flags], { cwd: workbench });
  run('npm', ['install', '--omit=dev', ...flags], { cwd: join(workbench, 'extensions') });
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
 * A Chromium for the integration tests. Installs Debian's where we are root and there is none; else names the command and throws.
 * @returns {string} path of the program
 */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  const command = 'apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core';
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing chromium with apt-get');
    const quiet = {
      stdio: /** @type {const} */ (['ignore', 'ignore', 'inherit']),
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    run('apt-get', ['update', '-qq'], quiet);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], quiet);
    const installed = findChromium();
    if (installed) return installed;
  }
  throw new Error(
    `The integration tests need Chromium. Install it with "sudo sh -c '${command}'", or name one in OFFAXIS_CHROMIUM.`,
  );
}
