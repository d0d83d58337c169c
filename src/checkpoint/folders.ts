/** Where the checkpoints of a folder lie that holds none itself: a hub's cache at any of its levels, or folders one level down. */
import { basename, dirname, join, places } from '../bytes/index.ts';
import { DCP_METADATA, listingOf, zeroFiles } from '../formats/index.ts';

/** A trainer's folder has hundreds of steps at most; a folder of everything is not looked through. */
const MOST_FOLDERS = 1000;
/** Names of branches, tags and revisions: a line, without a way out of the folder. */
const REVISION = /^(?!\.)[\w.-]{1,128}$/;

export interface Inside {
  /** folders, each of which may hold a checkpoint */
  paths: string[];
  /** which of a cache's revisions it is */
  note: string | null;
  /** The folder means them: a sole one opens without being named. */
  place: boolean;
}

/**
 * The cache of `huggingface_hub` is HF_HOME/hub/models--ORG--NAME with `blobs`, `refs` (files that hold a revision) and
 * `snapshots/REVISION` (links to blobs). Throws read-failed.
 */
export async function insideOf(folder: string, names: readonly string[]): Promise<Inside> {
  // A copy may have left out what is beside the snapshots.
  const shown = names.filter((name) => !name.startsWith('.'));
  if (names.includes('snapshots') && (names.includes('refs') || names.includes('blobs') || shown.length === 1))
    return revisionOf(folder);
  const parent = dirname(folder);
  if (/^(snapshots|refs|blobs)$/.test(basename(folder))) {
    const beside = await folderNames(parent);
    if (beside.includes('snapshots')) return revisionOf(parent);
  }
  const models = names.filter((name) => name.startsWith('models--'));
  if (models.length > 0) return { paths: models.map((name) => join(folder, name)), note: null, place: true };
  if (names.includes('hub') && (await folderNames(join(folder, 'hub'))).some((name) => name.startsWith('models--')))
    return { paths: [join(folder, 'hub')], note: null, place: true };
  // DeepSpeed's trainers: a folder a step, and a file with the name of the last one.
  const latest = names.includes('latest') ? await textOf(join(folder, 'latest')) : null;
  if (latest !== null && names.includes(latest) && zeroFiles(await folderNames(join(folder, latest))))
    return { paths: [join(folder, latest)], note: `${latest} was opened: the file "latest" names it.`, place: true };
  const paths: string[] = [];
  for (const name of [...names].sort(byNumber).slice(0, MOST_FOLDERS)) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    if ((await places.kind(path).catch(() => 'other')) === 'folder' && (await mayHold(path))) paths.push(path);
  }
  return { paths, note: null, place: false };
}

/** One level down, and no further: a folder of folders is not walked through. */
async function mayHold(path: string): Promise<boolean> {
  const names = await folderNames(path);
  const { indexes, sets, files } = listingOf(names);
  return indexes.length + sets.length + files.length > 0 || names.includes(DCP_METADATA);
}

async function revisionOf(model: string): Promise<Inside> {
  const snapshots = join(model, 'snapshots');
  const revisions = await folderNames(snapshots);
  const main = await namedRevision(model, 'main');
  const sole = revisions.length === 1 ? revisions[0] : undefined;
  const revision = main !== null && revisions.includes(main) ? main : sole;
  if (revision === undefined) return { paths: revisions.map((name) => join(snapshots, name)), note: null, place: true };
  const why = revision === main ? 'refs/main names it' : 'the only one that is here';
  return { paths: [join(snapshots, revision)], note: `snapshots/${revision} was opened: ${why}.`, place: true };
}

/** The folder of a model's snapshot by its commit, branch or tag; null if the cache has it not. Throws nothing for what is not there. */
export async function snapshotOf(model: string, revision: string): Promise<string | null> {
  const revisions = await folderNames(join(model, 'snapshots'));
  // A branch may be called "refs/pr/3": its file lies in folders of that name, and nowhere outside of `refs`.
  const named = revision.split('/').every((part) => REVISION.test(part)) ? await namedRevision(model, revision) : null;
  const found = [revision, named].find((name) => name !== null && revisions.includes(name));
  return found == null ? null : join(model, 'snapshots', found);
}

/** The commit that a branch or a tag stands for; null if the cache does not know it. */
async function namedRevision(model: string, name: string): Promise<string | null> {
  return textOf(join(model, 'refs', name));
}

/** The one line of a small file, if it is the name of something in a folder. */
async function textOf(path: string): Promise<string | null> {
  try {
    const source = await places.open(path);
    try {
      const bytes = new Uint8Array(Math.min(source.sizeBytes, 256));
      await source.read(0, bytes);
      const text = new TextDecoder().decode(bytes).trim();
      return REVISION.test(text) ? text : null;
    } finally {
      await source.close();
    }
  } catch {
    return null;
  }
}

/** [] for what is not a folder or cannot be listed. */
async function folderNames(path: string): Promise<string[]> {
  return places.list(path).catch(() => []);
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
