import * as vscode from 'vscode';
import type { Command } from './register.ts';

/** "Open Sample Comparison": the base of the bundled family and its RL-tuned sibling. */
export const openSampleComparison: Command = {
  id: 'offaxis.openSampleComparison',
  async run({ comparisons, extensionUri }) {
    const sample = (name: string): string =>
      vscode.Uri.joinPath(extensionUri, 'media', 'samples', name, 'model.safetensors').fsPath;
    await comparisons.compare(sample('base'), sample('rl'));
  },
};
