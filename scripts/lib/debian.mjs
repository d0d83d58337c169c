// @ts-check
// Programs that come as Debian's packages. Node built-ins only.
import { existsSync } from 'node:fs';
import { run } from './install.mjs';

/**
 * Installs packages with apt-get if we are root and there is one; else throws with the command that does.
 * @param {readonly string[]} packages
 * @param {string} why "The tests need X", for the error
 */
export function installDebian(packages, why) {
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    throw new Error(`${why}. Install it with "sudo sh -c '${command}'".`);
  console.log(`Installing ${packages.join(' and ')} with apt-get`);
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['update', '-qq'], quiet);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
}
