/** What the checkpoints of a folder are to one another, by their names alone: a run with its steps, or one by itself. Pure. */
import { basename, dirname, relative } from 'node:path';
import { stepOfPath } from '../commands/checkpointPaths.ts';

export interface StepEntry {
  step: number;
  path: string;
}
export interface RunEntry {
  kind: 'run';
  /** the folder that holds the steps */
  folder: string;
  name: string;
  /** ascending */
  steps: StepEntry[];
}
export interface CheckpointEntry {
  kind: 'checkpoint';
  path: string;
  name: string;
}

/** Names of files that say nothing beside their folder's. */
const PLAIN = /^(model|pytorch_model|diffusion_pytorch_model|adapter_model|consolidated)\.[\w.]+$/i;

/**
 * The checkpoints at `paths`, which lie below `root`, by their names. One whose folder or one above it, below the root, is named as a
 * step is one of the run that the named folder lies in.
 */
export function arrange(root: string, paths: readonly string[]): (RunEntry | CheckpointEntry)[] {
  const runs = new Map<string, RunEntry>();
  const entries: (RunEntry | CheckpointEntry)[] = [];
  for (const path of paths) {
    const step = stepOfPath(root, dirname(path));
    if (!step) {
      entries.push({ kind: 'checkpoint', path, name: nameIn(root, path) });
      continue;
    }
    let run = runs.get(step.folder);
    if (!run) {
      run = { kind: 'run', folder: step.folder, name: relative(root, step.folder) || basename(root), steps: [] };
      runs.set(step.folder, run);
      entries.push(run);
    }
    run.steps.push({ step: step.step, path });
  }
  for (const { steps } of runs.values()) steps.sort((a, b) => a.step - b.step);
  return entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function nameIn(root: string, path: string): string {
  const folder = relative(root, dirname(path));
  const file = basename(path);
  if (PLAIN.test(file)) return folder || basename(root);
  return folder ? relative(root, path) : file;
}
