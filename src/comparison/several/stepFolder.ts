/** The folder of a training run on disk, as the watcher of its steps looks at it. */
import * as vscode from 'vscode';
import { stepsIn } from '../../checkpoint/steps.ts';
import type { EngineClient } from '../../engine/client.ts';
import { stampsOf } from '../stamps.ts';
import { whyNot } from './stepFiles.ts';
import type { StepFolder } from './stepWatcher.ts';

export function stepFolder(folder: string, engine: Pick<EngineClient, 'call'>): StepFolder {
  return {
    list: () => stepsIn(folder),
    mark: stampsOf,
    whyNot: async (path) => whyNot(path, engine),
    watch(changed) {
      // The folder's own names: what is inside of a step is looked at until the step is complete.
      const watcher = vscode.workspace.createFileSystemWatcher(
        new vscode.RelativePattern(vscode.Uri.file(folder), '*'),
      );
      return vscode.Disposable.from(
        watcher,
        watcher.onDidCreate(changed),
        watcher.onDidChange(changed),
        watcher.onDidDelete(changed),
      );
    },
  };
}
