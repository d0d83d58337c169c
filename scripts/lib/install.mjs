// Node built-ins only: runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm ci` if node_modules is missing or older than the lock file.
 * @param {string} root
 */
export function installDependencies(root) {
  const stamp = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return;
  console.log('Installing the development dependencies (npm ci)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
}

/** A registry that says nothing for a minute is asked again, five times: npm waits five minutes for each of two times more, as if it hung. */
const PATIENCE = { npm_config_fetch_timeout: '60000', npm_config_fetch_retries: '5' };

/**
 * Runs a command to its end with our terminal; throws when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function run(command, args, options = {}) {
  // npm is a .cmd file on Windows, which needs the shell.
  const shell = process.platform === 'win32' && command === 'npm';
  const env = { ...(command === 'npm' ? PATIENCE : {}), ...(options.env ?? process.env) };
  const result = spawnSync(command, args, { stdio: 'inherit', shell, ...options, env });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`"${command} ${args.join(' ')}" ended with ${result.status ?? result.signal}`);
}
