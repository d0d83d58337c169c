/** Keeps which kernel is the fastest on an adapter between runs: a small JSON file in the user's cache folder. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, clearLeftovers, makeFolder, writeWhole } from '../../files/index.ts';

/** An entry is 300 bytes; adapters and driver versions are few. What is larger is not ours. */
const MOST_BYTES = 2 ** 20;

export function tuningFile(platform: string = process.platform, env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(platform, env), 'gpu-tuning.json');
}

/** At the start of a program: what a process that was killed in the middle of a write left. Never throws. */
export const clearTuningLeftovers = async (file = tuningFile()): Promise<void> =>
  void (await clearLeftovers(dirname(file)));

/** Never throws: a file that cannot be read or written costs a tuning run of a second, nothing else. */
export function createTuningStore(file = tuningFile()): {
  get(key: string): string | undefined;
  set(key: string, value: string): Promise<void>;
} {
  const read = (): Map<string, string> => {
    try {
      const text = readFileSync(file, 'utf8');
      const parsed: unknown = text.length > MOST_BYTES ? null : JSON.parse(text);
      if (parsed === null || typeof parsed !== 'object') return new Map();
      return new Map(Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
    } catch {
      return new Map();
    }
  };
  void clearTuningLeftovers(file);
  return {
    get: (key) => read().get(key),
    set: async (key, value) => {
      try {
        await makeFolder(dirname(file));
        await writeWhole(file, JSON.stringify(Object.fromEntries(read().set(key, value)), null, 2));
      } catch {
        // a home that is read-only
      }
    },
  };
}
