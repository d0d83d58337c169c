/**
 * What a tool may read for a model: checkpoints, their index and config, in the folders that it was given. Anything else is refused with
 * one sentence that says nothing of what is there; a path from a model may lead to a user's secrets.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { checkpointsAt } from '../checkpoint/discover.ts';
import { hubCaches } from '../checkpoint/hub.ts';
import { FILES_BESIDE, isCheckpointFile, isIndexFile, isPartOfCheckpoint } from '../formats/index.ts';
import type { CheckpointFacts } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { forModel } from '../text/show.ts';
import type { ToolContext } from './engine.ts';

/** The folders whose files may be read, their links resolved. */
export interface Roots {
  /** Throws bad-parameter if a path lies outside, or a link leads out of them and not into the hub's cache. */
  admit(path: string): Promise<void>;
}

/** `folders`: absolute. `caches`: where links may lead, too. Folders that are not there hold nothing. */
export async function rootsOf(folders: readonly string[], caches = hubCaches()): Promise<Roots> {
  const real = (paths: readonly string[]): Promise<string[]> =>
    Promise.all(paths.map((path) => realpath(path).catch(() => resolve(path))));
  const [roots, hubs] = await Promise.all([real(folders), real(caches)]);
  return {
    async admit(path) {
      // What does not exist is told apart inside the folders only.
      const target = await realpath(path).catch(() => null);
      const named = isInside(resolve(path), [...roots, ...folders.map((folder) => resolve(folder))]);
      if (target === null ? named : isInside(target, roots) || (named && isInside(target, hubs))) return;
      throw new OffaxisError(
        'bad-parameter',
        `${forModel(path)} lies outside the folders that may be read here. The server's option --root DIR names another one.`,
      );
    },
  };
}

function isInside(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const way = relative(folder, path);
    return way === '' || (!/^\.\.([/\\]|$)/.test(way) && !isAbsolute(way));
  });
}

/** The path of a checkpoint, from a model. Nothing of it is read yet. Throws bad-parameter. */
export async function admittedPath(path: string, context: ToolContext): Promise<string> {
  const absolute = await context.resolve(path);
  await context.roots?.admit(absolute);
  const facts = await stat(absolute).catch(() => null);
  if (!facts) throw new OffaxisError('bad-file', `${forModel(absolute)} does not exist. Check the path.`);
  if (facts.isDirectory()) {
    // A hub's cache is opened at one of its revisions, a pipeline at its components.
    const inside = await checkpointsAt(absolute).catch(() => []);
    for (const folder of new Set([absolute, ...inside, ...inside.map((path) => dirname(path))])) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names) if (isPartOfCheckpoint(name)) await context.roots?.admit(join(folder, name));
    }
  } else if (facts.isFile() && (isCheckpointFile(absolute) || isIndexFile(basename(absolute)))) {
    for (const name of FILES_BESIDE) {
      const config = join(dirname(absolute), name);
      if (await stat(config).catch(() => null)) await context.roots?.admit(config);
    }
  } else throw noCheckpoint(absolute);
  return absolute;
}

/** The headers, as far as they are those of a checkpoint. Throws as the engine does, and bad-file with one sentence if they are not. */
export async function admittedFacts(path: string, context: ToolContext): Promise<CheckpointFacts> {
  const facts = await context.engine.open({ path }, context.signal);
  const readable = facts.tensors.some((row) => row.offset !== null || row.missing);
  if (!readable && facts.problems.some((problem) => problem.severity === 'error')) throw noCheckpoint(path);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => null,
  );
  if (isFolder === null) throw new OffaxisError('bad-file', `${forModel(path)} can't be read any more. Try again.`);
  const folder = isFolder ? path : dirname(path);
  for (const { file, missing } of facts.shards) if (!missing) await context.roots?.admit(join(folder, file));
  return facts;
}

function noCheckpoint(path: string): OffaxisError {
  return new OffaxisError(
    'bad-file',
    `${forModel(path)} is not a checkpoint that can be read: only files of weights (.safetensors, .gguf, .pt, .bin and others), their index and folders of them are.`,
  );
}
