/** What every element of the page is given: the model, the reader's own choices, and the way back to the host. */
import { LitElement, type nothing, type TemplateResult } from 'lit';
import type { ComparisonFromView } from '../../src/protocol/views.ts';
import type { MatrixClient } from '../shared/matrix-client.ts';
import type { Cell } from '../shared/heatmap.ts';
import type { ComparisonModel } from './model.ts';
import { TABS, type Tab } from './tabs.ts';

/** Layers from and to, both of them in it. */
export interface Brush {
  from: number;
  to: number;
}
export interface Sort {
  /** of the ranked table */
  column: string;
  isDescending: boolean;
}

/** UI state: kept by the webview over a reload, never sent to the host. */
export interface Ui {
  tab: Tab;
  /** id of the shown figure of this tab; null: its default */
  figure: string | null;
  cell: Cell | null;
  /** of several matrices in the cell, the one in the detail */
  member: string | null;
  /** place in the answer of the clause that is pressed: its matrices are lit, the others dimmed, the table filtered */
  clause: number | null;
  /** the layers that the table is narrowed to */
  brush: Brush | null;
  /** null: by how far a matrix stands out in this tab */
  sort: Sort | null;
  /** null: as the metric has it by default */
  fit: boolean | null;
  /** the detail is opened, if there is no room for it beside the map; and its width there, CSS pixels */
  isDetailOpen: boolean;
  detailWidth: number | null;
  table: boolean;
  /** modules of a mixture of experts of which each expert has a column */
  unfolded: readonly string[];
  /** many experts stand by how far they moved, not by their numbers */
  bySize: boolean;
}
export const INITIAL_UI: Ui = {
  tab: 'size',
  figure: null,
  cell: null,
  member: null,
  clause: null,
  brush: null,
  sort: null,
  fit: null,
  isDetailOpen: false,
  detailWidth: null,
  table: false,
  unfolded: [],
  bySize: false,
};

type Stored<T> = Partial<Record<keyof T, unknown>>;
const objectOf = <T>(value: unknown): Stored<T> => (typeof value === 'object' && value !== null ? value : {});
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A stored state is from an older version or another page until shown otherwise. */
export function readUi(stored: unknown): Ui {
  const s = objectOf<Ui>(stored);
  const { layer, module } = objectOf<Cell>(s.cell);
  const { from, to } = objectOf<Brush>(s.brush);
  const { column, isDescending } = objectOf<Sort>(s.sort);
  return {
    tab: TABS.find((tab) => tab === s.tab) ?? INITIAL_UI.tab,
    figure: textOf(s.figure),
    cell: typeof layer === 'number' && typeof module === 'string' ? { layer, module } : null,
    member: textOf(s.member),
    clause: typeof s.clause === 'number' ? s.clause : null,
    brush: typeof from === 'number' && typeof to === 'number' ? { from, to } : null,
    sort: typeof column === 'string' ? { column, isDescending: isDescending === true } : null,
    fit: typeof s.fit === 'boolean' ? s.fit : null,
    isDetailOpen: s.isDetailOpen === true,
    detailWidth: typeof s.detailWidth === 'number' ? s.detailWidth : null,
    table: s.table === true,
    unfolded: Array.isArray(s.unfolded) ? s.unfolded.filter((one): one is string => typeof one === 'string') : [],
    bySize: s.bySize === true,
  };
}

export interface View {
  readonly model: ComparisonModel;
  readonly ui: Ui;
  /** pictures of single pairs */
  readonly matrix: MatrixClient;
  post(message: ComparisonFromView): void;
  set(change: Partial<Ui>): void;
}

/** Another question: its default figure, and nothing narrowed by a clause. */
export const openTab = (view: View, tab: Tab): void =>
  view.set({ tab, figure: null, clause: null, sort: null, fit: null });

/** Light DOM, so that one stylesheet serves the page; `version` rises whenever model or choices change. */
export abstract class ViewElement extends LitElement {
  static override properties = { view: { attribute: false }, version: { attribute: false } };
  declare view: View;
  declare version: number;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
export function define(name: string, element: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, element);
}

/** What of a run's time an element may take that goes over all tensors, which may be half a million. */
const SHARE = 0.05;

/** An element whose picture costs more with every tensor: while results come it is made anew only as often as that is cheap. */
export abstract class CostlyElement extends ViewElement {
  private dueAt = 0;
  private chosen: Ui | null = null;

  /** what the reader does shows at once */
  protected override shouldUpdate(): boolean {
    const { model, ui } = this.view;
    const isDue = model.state?.phase !== 'running' || ui !== this.chosen || performance.now() >= this.dueAt;
    if (isDue) this.chosen = ui;
    return isDue;
  }
  protected override render(): unknown {
    const begin = performance.now();
    try {
      return this.content();
    } finally {
      const end = performance.now();
      this.dueAt = end + (end - begin) / SHARE;
    }
  }
  protected abstract content(): TemplateResult | typeof nothing;
}
