/** Where what Offaxis keeps between runs lies on this machine: one answer for everything that is cached. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder that OFFAXIS_CACHE names, else ours among the caches of programs. It need not be there. Pure: `env` and `platform` decide. */
export function cacheFolder(platform: string = process.platform, env: NodeJS.ProcessEnv = process.env): string {
  const named = env['OFFAXIS_CACHE'];
  if (named) return resolve(named);
  const home = homedir();
  const caches =
    platform === 'win32'
      ? env['LOCALAPPDATA'] || join(home, 'AppData', 'Local')
      : platform === 'darwin'
        ? join(home, 'Library', 'Caches')
        : env['XDG_CACHE_HOME'] || join(home, '.cache');
  return join(caches, 'offaxis');
}
