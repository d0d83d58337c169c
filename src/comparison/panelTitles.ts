/** Which comparison a panel's title stands for, in this workspace: a page's own state holds only what its reader chose to see. */
import type * as vscode from 'vscode';

const KEPT = 50;

export class PanelTitles<Spec> {
  /** `key`: in the workspace's state. `isSame`: both may have one title. */
  constructor(
    private readonly memento: vscode.Memento,
    private readonly key: string,
    private readonly isSame: (one: Spec, other: Spec) => boolean,
  ) {}

  find(title: string): Spec | undefined {
    return this.specs().get(title);
  }
  /** The comparison of that title is another one from now on. */
  async keep(title: string, spec: Spec): Promise<void> {
    await this.memento.update(this.key, [...this.specs().set(title, spec)].slice(-KEPT));
  }
  /** The first of `titles` that no other comparison has, or the last with a number; the oldest are forgotten. */
  async remember(spec: Spec, titles: readonly string[]): Promise<string> {
    const specs = this.specs();
    const isFree = (title: string): boolean => {
      const other = specs.get(title);
      return other === undefined || this.isSame(other, spec);
    };
    const whole = titles.at(-1) ?? '';
    // links and long paths may be told apart by nothing but a number
    const numbers = Array.from({ length: specs.size + 1 }, (_, i) => `${whole} (${i + 2})`);
    const title = [...titles, ...numbers].find(isFree) ?? whole;
    specs.delete(title);
    await this.memento.update(this.key, [...specs.set(title, spec)].slice(-KEPT));
    return title;
  }

  private specs(): Map<string, Spec> {
    return new Map(this.memento.get<[string, Spec][]>(this.key, []));
  }
}
