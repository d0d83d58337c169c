/**
 * The view "Checkpoints" of the explorer: what the workspace's folders hold, by names, and the comparisons done lately. Nothing is looked
 * for before the view is on show, as only then VS Code asks for its rows.
 */
import * as vscode from 'vscode';
import type { Command } from '../commands/register.ts';
import type { WorkspaceCheckpoints } from '../commands/workspaceCheckpoints.ts';
import type { BaseSelection } from '../editor/baseSelection.ts';
import { visible } from '../text/show.ts';
import { sentencesOf } from '../answer/render.ts';
import type { Answer } from '../answer/clause.ts';
import { translatedIn } from '../protocol/say.ts';
import { arrange, type CheckpointEntry, type RunEntry, type StepEntry } from './arrange.ts';
import type { RecentComparison, RecentComparisons } from './recent.ts';

const OPEN_RECENT = 'offaxis.openRecentComparison';
const FORGET_RECENT = 'offaxis.removeRecentComparison';

/** `resourceUri`: what the commands of its menu take. */
type Node =
  | { kind: 'recent' }
  | { kind: 'comparison'; comparison: RecentComparison }
  | { kind: 'folder'; folder: vscode.WorkspaceFolder }
  | { kind: 'run'; run: RunEntry; resourceUri: vscode.Uri }
  | { kind: 'step'; step: StepEntry; resourceUri: vscode.Uri }
  | { kind: 'checkpoint'; checkpoint: CheckpointEntry; resourceUri: vscode.Uri };

export interface CheckpointsServices {
  workspace: WorkspaceCheckpoints;
  recent: RecentComparisons;
  base: BaseSelection;
}

export class CheckpointsProvider implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: CheckpointsServices) {
    const refresh = (): void => this.changed.fire();
    const { workspace, recent, base } = services;
    this.subscriptions = [workspace, recent, base].map((source) => source.onDidChange(refresh));
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const { recent } = this.services;
    switch (node?.kind) {
      case undefined: {
        const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
        const [only] = folders;
        const found =
          folders.length === 1 && only
            ? await this.entries(only)
            : (await this.services.workspace.list()).length > 0
              ? folders.map((folder): Node => ({ kind: 'folder', folder }))
              : [];
        return [...(recent.list.length > 0 ? [{ kind: 'recent' } as const] : []), ...found];
      }
      case 'recent':
        return recent.list.map((comparison) => ({ kind: 'comparison', comparison }));
      case 'folder':
        return this.entries(node.folder);
      case 'run':
        return node.run.steps.map((step) => ({ kind: 'step', step, resourceUri: vscode.Uri.file(step.path) }));
      case 'comparison':
      case 'step':
      case 'checkpoint':
        return [];
    }
  }

  /** Read out as it is shown; VS Code would read the tooltip, which is a path. */
  getTreeItem(node: Node): vscode.TreeItem {
    const item = this.itemOf(node);
    const words = [item.label, item.description].filter((word) => typeof word === 'string');
    return { ...item, accessibilityInformation: { label: words.join(', ') } };
  }

  private itemOf(node: Node): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    switch (node.kind) {
      case 'recent':
        return { label: vscode.l10n.t('Recent comparisons'), iconPath: icon('history'), collapsibleState: Expanded };
      case 'folder':
        return { label: visible(node.folder.name), iconPath: icon('root-folder'), collapsibleState: Expanded };
      case 'run':
        return {
          label: visible(node.run.name),
          description:
            node.run.steps.length === 1 ? vscode.l10n.t('1 step') : vscode.l10n.t('{0} steps', node.run.steps.length),
          tooltip: visible(node.run.folder, 1000),
          iconPath: icon('folder-library'),
          collapsibleState: Collapsed,
          contextValue: 'run',
        };
      case 'step':
        return this.checkpoint(vscode.l10n.t('Step {0}', node.step.step), node.step.path, node.resourceUri);
      case 'checkpoint':
        return this.checkpoint(visible(node.checkpoint.name), node.checkpoint.path, node.resourceUri);
      case 'comparison': {
        const { base, tuned, title, answer } = node.comparison;
        return {
          label: visible(title),
          description: visible(answer, 300),
          tooltip: visible(`${answer} ${base} → ${tuned}`, 2000),
          iconPath: icon('git-compare'),
          collapsibleState: None,
          contextValue: 'comparison',
          command: { command: OPEN_RECENT, title: vscode.l10n.t('Open'), arguments: [node] },
        };
      }
    }
  }

  dispose(): void {
    this.changed.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private async entries({ uri }: vscode.WorkspaceFolder): Promise<Node[]> {
    const paths = (await this.services.workspace.list()).filter(
      (path) => vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path))?.uri.toString() === uri.toString(),
    );
    return arrange(uri.fsPath, paths).map((entry) =>
      entry.kind === 'run'
        ? { kind: 'run', run: entry, resourceUri: vscode.Uri.file(entry.folder) }
        : { kind: 'checkpoint', checkpoint: entry, resourceUri: vscode.Uri.file(entry.path) },
    );
  }

  private checkpoint(label: string, path: string, resource: vscode.Uri): vscode.TreeItem {
    const isBase = this.services.base.path === path;
    return {
      label,
      ...(isBase ? { description: vscode.l10n.t('base') } : {}),
      tooltip: visible(path, 1000),
      iconPath: icon(isBase ? 'star-full' : 'package'),
      collapsibleState: vscode.TreeItemCollapsibleState.None,
      contextValue: 'checkpoint',
      command: { command: 'offaxis.openCheckpoint', title: vscode.l10n.t('Open'), arguments: [resource] },
    };
  }
}

const icon = (name: string): vscode.ThemeIcon => new vscode.ThemeIcon(name);

/** The first sentence of an answer, which says how much changed. */
export function answerLine(answer: Answer): string {
  const l10n: { t(message: string): string } = vscode.l10n;
  const [first = ''] = sentencesOf(answer, (text) => translatedIn(text, (message) => l10n.t.call(l10n, message)));
  return first;
}

/** The comparison that a row of the view stands for; menus of other extensions may call with anything. */
function comparisonOf(value: unknown): RecentComparison | null {
  const node = typeof value === 'object' && value !== null && 'kind' in value ? (value as Node) : null;
  return node?.kind === 'comparison' ? node.comparison : null;
}

/** Of the menus of its rows. */
export function recentCommands(
  recent: RecentComparisons,
  compare: (base: string, tuned: string) => Promise<void>,
): readonly Command[] {
  return [
    {
      id: OPEN_RECENT,
      async run(_, value) {
        const comparison = comparisonOf(value);
        if (comparison) await compare(comparison.base, comparison.tuned);
      },
    },
    {
      id: FORGET_RECENT,
      async run(_, value) {
        const comparison = comparisonOf(value);
        if (comparison) await recent.remove(comparison);
      },
    },
  ];
}
