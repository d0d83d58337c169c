/** The Hugging Face hub's cache on this machine: where it lies, and how it names a model. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the hub's client keeps its files, by its own variables. */
export function hubCaches(env: NodeJS.ProcessEnv = process.env): string[] {
  const cache = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const home = env['HF_HOME'] || join(cache, 'huggingface');
  return [env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(home, 'hub')];
}

/** "org/name" or "name", as the hub allows it: no way out of a folder. */
const MODEL = /^(?!\.)[\w.-]{1,96}(\/(?!\.)[\w.-]{1,96})?$/;

/** The folder of a model in a cache; null if the name is not one of the hub's. */
export function hubFolder(cache: string, name: string): string | null {
  return MODEL.test(name) ? join(cache, `models--${name.replace('/', '--')}`) : null;
}

/** "org/name" of a path within a cache, of whichever machine; null of other paths. */
export function hubModel(path: string): string | null {
  const found = /(?:^|[/\\])models--([\w.-]+?)(?:--([\w.-]+))?(?:[/\\]|$)/.exec(path);
  if (!found) return null;
  const [, first = '', second] = found;
  return second === undefined ? first : `${first}/${second}`;
}
