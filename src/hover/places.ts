/** Which checkpoints a document's strings may speak of. Nothing but folders and an adapter's configuration is read. */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { disk } from '../bytes/index.ts';
import { checkpointsOfFolder, isCheckpointFile } from '../commands/checkpointPaths.ts';
import { ADAPTER_CONFIG_FILE, isIndexFile } from '../formats/index.ts';
import { appendAll } from '../protocol/lists.ts';

/** An adapter's configuration has a kilobyte or two. */
const MOST_CONFIG_BYTES = 1e6;

export const isCheckpointName = (text: string): boolean => isCheckpointFile(text);
const isIndex = (path: string): boolean => isIndexFile(basename(path));
export const isAdapterConfig = (path: string): boolean => basename(path) === ADAPTER_CONFIG_FILE;

/** Where a path written in a document may lie, the most likely first. */
export function candidates(text: string, document: string, workspaceFolders: readonly string[]): string[] {
  if (text.startsWith('~/')) return [join(homedir(), text.slice(2))];
  if (isAbsolute(text)) return [text];
  return [...new Set([dirname(document), ...workspaceFolders].map((folder) => resolve(folder, text)))];
}

/** Of a script's text: what is named further down is not looked for. */
const MOST_TEXT = 200_000;
const MOST_NAMED = 20;
/** Quoted on one line, as long as a path may be. */
const QUOTED = /(["'])((?:(?!\1)[^\\\n]){2,400})\1/g;

/**
 * The strings of a script that may be paths of checkpoints or of their folders, in their order: those that end like one, and those
 * that look like a relative or an absolute path. Addresses are none.
 */
export function namedPaths(text: string): string[] {
  const found = new Set<string>();
  for (const [, , quoted = ''] of text.slice(0, MOST_TEXT).matchAll(QUOTED)) {
    if (isCheckpointName(quoted) || (/[/\\]|^\w[\w.-]*$/.test(quoted) && !/^\w+:\/\/|\s/.test(quoted)))
      found.add(quoted);
    if (found.size === MOST_NAMED) break;
  }
  return [...found];
}

/** The checkpoints on disk that a script names by their path or their folder's, in its order. */
export async function namedCheckpoints(
  text: string,
  document: string,
  workspaceFolders: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const named of namedPaths(text)) {
    for (const candidate of candidates(named, document, workspaceFolders)) {
      const here = isCheckpointName(candidate)
        ? (await disk.kind(candidate).catch(() => null)) === 'file'
          ? [candidate]
          : []
        : (await checkpointsIn(candidate)).slice(0, 1);
      appendAll(found, here);
      if (here.length) break;
    }
  }
  return found;
}

/** The document's own checkpoint: an index is one, an adapter's lies beside its configuration, its base where that says. */
export async function ownCheckpoints(document: string): Promise<string[]> {
  if (isIndex(document)) return [document];
  const beside = await checkpointsIn(dirname(document));
  if (!isAdapterConfig(document)) return beside;
  const base = await baseFolder(document);
  return [...(base ? (await checkpointsIn(base)).slice(0, 1) : []), ...beside];
}

async function checkpointsIn(folder: string): Promise<string[]> {
  return checkpointsOfFolder(folder, await readdir(folder).catch(() => []));
}
/** A base that is named by a path; a name on a hub is not looked for. */
async function baseFolder(config: string): Promise<string | null> {
  const source = await disk.open(config).catch(() => null);
  if (!source) return null;
  try {
    if (source.sizeBytes > MOST_CONFIG_BYTES) return null;
    const bytes = new Uint8Array(source.sizeBytes);
    await source.read(0, bytes);
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const path = (parsed as { base_model_name_or_path?: unknown } | null)?.base_model_name_or_path;
    return typeof path === 'string' && path ? resolve(dirname(config), path) : null;
  } catch {
    return null;
  } finally {
    await source.close();
  }
}
