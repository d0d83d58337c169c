/** A checkpoint as a commit has it, as files of its own in a folder of ours, so that the engine reads it like any other. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder, removeFolder } from '../files/index.ts';
import { FILES_BESIDE, isIndexFile, isSetOf, listingOf, shardName } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { Repository, RevisionFile } from './repository.ts';

/** Folders that stay: a checkpoint takes as much room as itself. */
const KEPT = 4;

export interface Materialising {
  /** a folder of ours, below which each revision has its own */
  storage: string;
  signal: AbortSignal;
  /** Asked before Git LFS downloads anything. False: nothing is, and `materialise` gives null. */
  mayDownload(files: number, bytes: number): Promise<boolean>;
  told(bytes: number, total: number): void;
}

/** Which of a folder's files make up the checkpoint that `name` is a file of; empty if it is not among them. */
export function partsOf(name: string, names: readonly string[]): string[] {
  if (!names.includes(name)) return [];
  const { indexes, sets } = listingOf(names);
  const shard = shardName(name);
  const set = sets.find((one) => (isIndexFile(name) ? isSetOf(one, name) : one.set === shard?.set));
  const index = set && indexes.find((one) => isSetOf(set, one));
  const own = new Set([name, ...(index === undefined ? [] : [index]), ...(set?.files ?? [])]);
  return [...own, ...names.filter((one) => FILES_BESIDE.includes(one))];
}

/**
 * Puts the checkpoint that `path` is a file of, as `revision` has it, into the storage, and gives the path of the same file there; null
 * if a download was not wanted. What is there already is not written again. Throws bad-parameter if the revision does not have it,
 * read-failed, cancelled.
 */
export async function materialise(
  repository: Repository,
  path: string,
  revision: string,
  { storage, signal, mayDownload, told }: Materialising,
): Promise<string | null> {
  const commit = await repository.commit(revision);
  const listed = await repository.files(path, commit);
  const name = basename(path);
  const parts = new Set(
    partsOf(
      name,
      listed.map((file) => file.name),
    ),
  );
  if (parts.size === 0)
    throw new OffaxisError(
      'bad-parameter',
      say`${revision} has no ${name}: the file is new since then. Compare it with another checkpoint.`,
    );
  const files: RevisionFile[] = [];
  for (const file of listed) if (parts.has(file.name)) files.push(await repository.resolved(file));

  const key = createHash('sha256')
    .update(JSON.stringify([repository.root, dirname(path), files.map((file) => [file.name, file.oid])]))
    .digest('hex')
    .slice(0, 16);
  const folder = join(storage, key, `${basename(dirname(path))}@${commit.slice(0, 7)}`);
  await makeFolder(folder);
  await forgetOld(storage, key);

  const missing: RevisionFile[] = [];
  for (const file of files) {
    const there = await stat(join(folder, file.name)).catch(() => null);
    if (there?.size !== file.sizeBytes) missing.push(file);
  }
  const remote: RevisionFile[] = [];
  for (const file of missing) if (file.pointer && (await repository.isRemote(file.pointer))) remote.push(file);
  if (remote.length && !(await mayDownload(remote.length, bytesOf(remote)))) return null;

  const total = bytesOf(missing);
  let done = 0;
  for (const file of missing)
    await repository.copy(file, join(folder, file.name), signal, (bytes) => told((done += bytes), total));
  return join(folder, name);
}

const bytesOf = (files: readonly RevisionFile[]): number => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** The newest stay, and `current` in any case. */
async function forgetOld(storage: string, current: string): Promise<void> {
  const aged: { name: string; time: number }[] = [];
  for (const name of await readdir(storage)) {
    if (name === current) continue;
    aged.push({ name, time: (await stat(join(storage, name)).catch(() => null))?.mtimeMs ?? 0 });
  }
  aged.sort((a, b) => b.time - a.time);
  for (const { name } of aged.slice(KEPT - 1)) await removeFolder(join(storage, name));
}
