/** What every element of the page is given: the model, the reader's own choices, and the way back to the host. */
import { LitElement } from 'lit';
import type { SeveralFromView } from '../../src/protocol/severalViews.ts';
import { columnOf, columnsOf, type Column } from '../comparison/columns.ts';
import { TABS, type Tab } from '../comparison/tabs.ts';
import type { Cell } from '../shared/heatmap.ts';
import type { SeveralModel } from './model.ts';

export type SeveralTab = Tab | 'agree' | 'path';
/** The three questions, and one more: do the runs agree, how did a run get there. */
export const tabsOf = (kind: 'runs' | 'steps'): readonly SeveralTab[] => [...TABS, kind === 'runs' ? 'agree' : 'path'];

/** UI state: kept by the webview over a reload, never sent to the host. */
export interface Ui {
  /** null: the first one of runs, the path of steps */
  tab: SeveralTab | null;
  /** id of the figure of the maps; null: the tab's default */
  figure: string | null;
  cell: Cell | null;
  /** which matrix of the cell, of several; null: the first */
  member: string | null;
  /** modules of which each expert has a column */
  unfolded: readonly string[];
  /** place in the answer of the clause that is pressed */
  clause: number | null;
  /** each run over the median of the runs */
  differences: boolean;
  /** the two runs that are put beside each other, i < j, and by which figure matrix by matrix */
  pair: readonly [number, number];
  pairFigure: string | null;
  /** place of the step that the maps show; null: the last one */
  step: number | null;
  /** of layers by steps */
  stepFigure: string | null;
}
export const INITIAL_UI: Ui = {
  tab: null,
  figure: null,
  cell: null,
  member: null,
  unfolded: [],
  clause: null,
  differences: false,
  pair: [0, 1],
  pairFigure: null,
  step: null,
  stepFigure: null,
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const placeOf = (value: unknown): number | null =>
  Number.isInteger(value) && Number(value) >= 0 ? Number(value) : null;

/** A stored state is from an older version or another page until shown otherwise. */
export function readUi(stored: unknown): Ui {
  const s = isRecord(stored) ? stored : {};
  const cell = isRecord(s['cell']) ? s['cell'] : {};
  const [i, j] = (Array.isArray(s['pair']) ? s['pair'] : []).map(placeOf);
  const { layer, module } = cell;
  return {
    tab: [...TABS, 'agree' as const, 'path' as const].find((tab) => tab === s['tab']) ?? null,
    figure: textOf(s['figure']),
    cell: typeof layer === 'number' && typeof module === 'string' ? { layer, module } : null,
    member: textOf(s['member']),
    unfolded: (Array.isArray(s['unfolded']) ? s['unfolded'] : []).filter((one) => typeof one === 'string'),
    clause: placeOf(s['clause']),
    differences: s['differences'] === true,
    pair: i != null && j != null && i < j ? [i, j] : INITIAL_UI.pair,
    pairFigure: textOf(s['pairFigure']),
    step: placeOf(s['step']),
    stepFigure: textOf(s['stepFigure']),
  };
}

export interface View {
  readonly model: SeveralModel;
  readonly ui: Ui;
  post(message: SeveralFromView): void;
  set(change: Partial<Ui>): void;
}
export function tabOf({ model, ui }: View): SeveralTab {
  const tabs = tabsOf(model.kind);
  return tabs.find((tab) => tab === ui.tab) ?? (model.kind === 'steps' ? 'path' : 'size');
}
/** Place of the step that is shown. */
export const stepOf = ({ model, ui }: Pick<View, 'model' | 'ui'>): number =>
  Math.min(ui.step ?? Infinity, Math.max(0, model.runs.length - 1));

/** The columns of the maps. */
export const shownColumns = ({ model, ui }: Pick<View, 'model' | 'ui'>): Column[] => columnsOf(model, ui.unfolded);
/** The one of the chosen cell. */
export const chosenColumn = (columns: readonly Column[], { cell, member }: Ui): Column | undefined =>
  cell ? columnOf(columns, cell.module, member) : undefined;

/** The chosen pair, if it is still there. */
export const pairOf = ({ model, ui }: Pick<View, 'model' | 'ui'>): Ui['pair'] =>
  ui.pair[1] < model.runs.length ? ui.pair : INITIAL_UI.pair;

/** Light DOM, so that one stylesheet serves the page; `version` rises whenever model or choices change. */
export abstract class SeveralElement extends LitElement {
  static override properties = { view: { attribute: false }, version: { attribute: false } };
  declare view: View;
  declare version: number;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
