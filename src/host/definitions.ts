/** The definitions of the figures, beside the pages that show them. */
import * as vscode from 'vscode';
import type { DefinitionFromView } from '../protocol/views.ts';
import { headingSlug } from '../text/slug.ts';

/** METRICS.md as VS Code shows Markdown, at the heading; as text if its Markdown is switched off. */
export async function openDefinition({ heading }: DefinitionFromView, extensionUri: vscode.Uri): Promise<void> {
  const file = vscode.Uri.joinPath(extensionUri, 'METRICS.md');
  try {
    await vscode.commands.executeCommand('markdown.showPreview', file.with({ fragment: headingSlug(heading) }));
  } catch {
    await vscode.commands.executeCommand('vscode.open', file);
  }
}
