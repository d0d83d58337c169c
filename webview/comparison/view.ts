/** What every element of the page is given: the model, the reader's own choices, and the way back to the host. */
import { LitElement } from 'lit';
import type { ComparisonFromView } from '../../src/protocol/views.ts';
import type { MatrixClient } from '../shared/matrix-client.ts';
import type { Cell } from '../shared/heatmap.ts';
import { VIEWS } from './metrics.ts';
import type { ComparisonModel } from './model.ts';

/** UI state: kept by the webview over a reload, never sent to the host. */
export interface Ui {
  metric: string;
  cell: Cell | null;
  /** of several matrices in the cell, the one in the detail */
  member: string | null;
  /** null: as the metric has it by default */
  fit: boolean | null;
  table: boolean;
  /** module of the line plot; empty: the selected cell's */
  line: string;
}
export const INITIAL_UI: Ui = { metric: VIEWS, cell: null, member: null, fit: null, table: false, line: '' };

/** A stored state is from an older version or another page until shown otherwise. */
export function readUi(stored: unknown): Ui {
  if (typeof stored !== 'object' || stored === null) return { ...INITIAL_UI };
  const s = stored as Partial<Record<keyof Ui, unknown>>;
  const cell = s.cell as Partial<Cell> | null | undefined;
  return {
    metric: typeof s.metric === 'string' ? s.metric : VIEWS,
    cell:
      cell && typeof cell.layer === 'number' && typeof cell.module === 'string'
        ? { layer: cell.layer, module: cell.module }
        : null,
    member: typeof s.member === 'string' ? s.member : null,
    fit: typeof s.fit === 'boolean' ? s.fit : null,
    table: s.table === true,
    line: typeof s.line === 'string' ? s.line : '',
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
