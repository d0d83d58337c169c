import * as vscode from 'vscode';
import type { Command } from './register.ts';

/** "Open Sample Comparison": the base of the bundled family and its RL-tuned sibling. */
export const openSampleComparison: Command = {
  id: 'offaxis.openSampleComparison',
  async run({ comparisons, extensionUri }) {
    await comparisons.compare(sample(extensionUri, 'base').fsPath, sample(extensionUri, 'rl').fsPath);
  },
};

/** "Open Sample Checkpoint": the base of the bundled family in the inspector. */
export const openSampleCheckpoint: Command = {
  id: 'offaxis.openSampleCheckpoint',
  async run({ inspector, extensionUri }) {
    await inspector.open(sample(extensionUri, 'base'));
  },
};

const sample = (extensionUri: vscode.Uri, name: string): vscode.Uri =>
  vscode.Uri.joinPath(extensionUri, 'media', 'samples', name, 'model.safetensors');
