/** The server of a window: one of its own, or one that had other windows before and is as new. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startCodeServer, userDataOf, writeSettings } from '../../../scripts/lib/code-server.mjs';
import type { SharedServer } from './install.ts';

export interface Server {
  url: string;
  /** the browser's profile */
  profile: string;
  /** Of the window that it was made for, which has left its page. */
  end(): Promise<void>;
}

export async function ownServer(options: Parameters<typeof startCodeServer>[0]): Promise<Server> {
  const { url, stop } = await startCodeServer(options);
  return { url, profile: join(options.folder, 'browser'), end: stop };
}

/**
 * Nothing is left of the windows before but what makes the next one faster: the server with its list of extensions, and in the browser's
 * profile the scripts of VS Code, compiled. What VS Code knows of its user lies in its data on the server and in the browser's databases.
 */
export function freshServer({ url, pid, folder }: SharedServer, settings: Record<string, unknown>): Server {
  rmSync(join(userDataOf(folder), 'User'), { recursive: true, force: true });
  writeSettings(folder, settings);
  const profile = join(folder, 'browser');
  forget(join(profile, 'Default'), ['Cache', 'Code Cache']);
  return { url, profile, end: () => untilIdle(pid) };
}

/** Empties a folder, but for these. */
function forget(folder: string, kept: readonly string[]): void {
  try {
    for (const name of readdirSync(folder))
      if (!kept.includes(name)) rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    // before the first window there is none
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Until the extension hosts of a server and their engines have ended, as they do after their window; what does not is made to. */
async function untilIdle(server: number): Promise<void> {
  for (const late = Date.now() + 30_000; ;) {
    const left = atWork(server);
    if (!left.length) return;
    if (Date.now() > late) for (const pid of left) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Known where there is a /proc. */
function atWork(server: number): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // after the name, which may hold anything: state, parent, process group
        const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (Number(group) !== server || state === 'Z') return false;
        return /extensionHost|engine\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // ended in between
        return false;
      }
    });
}
