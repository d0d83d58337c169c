/** The comparisons that were finished lately in this workspace, each with its answer in a line. Kept over a reload. */
import * as vscode from 'vscode';

const KEY = 'offaxis.recentComparisons';
const KEPT = 10;

export interface RecentComparison {
  base: string;
  tuned: string;
  title: string;
  /** what it found, in the language of that window */
  answer: string;
}

export class RecentComparisons implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly memento: vscode.Memento) {}

  /** The newest first. */
  get list(): readonly RecentComparison[] {
    return this.memento.get<RecentComparison[]>(KEY, []);
  }

  async add(comparison: RecentComparison): Promise<void> {
    await this.keep([comparison, ...this.without(comparison)].slice(0, KEPT));
  }
  async remove(comparison: Pick<RecentComparison, 'base' | 'tuned'>): Promise<void> {
    await this.keep(this.without(comparison));
  }

  dispose(): void {
    this.changed.dispose();
  }

  private without({ base, tuned }: Pick<RecentComparison, 'base' | 'tuned'>): RecentComparison[] {
    return this.list.filter((one) => one.base !== base || one.tuned !== tuned);
  }
  private async keep(list: RecentComparison[]): Promise<void> {
    await this.memento.update(KEY, list);
    this.changed.fire();
  }
}
