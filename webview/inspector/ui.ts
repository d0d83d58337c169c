/** The reader's own choices: kept by VS Code over a reload, never sent to the host. */
import { type Filter, NO_FILTER, readFilter } from './find/filter.ts';
import { isMetric } from './metrics.ts';
import { FACT_KEYS, type Grouping, type Sort, type SortKey } from './rows.ts';

export interface Ui {
  view: 'tensors' | 'spectra';
  filter: Filter;
  /** the row of filters is open */
  filters: boolean;
  grouping: Grouping;
  /** only tensors whose figure stands apart from that of their siblings */
  outliers: boolean;
  /** all of them, not the farthest alone */
  everyOutlier: boolean;
  sort: Sort | null;
  closed: string[];
  selected: string | null;
  /** the part of a fused tensor or the expert in the detail */
  part: string | null;
  /** where the keyboard is when on the head of a group */
  group: string | null;
  /** figure of the map, and of the table's last column */
  metric: string;
  /** the map's values as a table */
  table: boolean;
  scroll: number;
  /** what the detail shows of the tensor */
  tab: Tab;
  /** the list stands beside values or a picture, which take the page otherwise */
  beside: boolean;
  /** index on each axis before the last two, for tensors of more than two */
  slice: readonly number[];
}
export type Tab = 'statistics' | 'values' | 'picture';
export const INITIAL_UI: Ui = {
  view: 'tensors',
  filter: NO_FILTER,
  filters: false,
  grouping: 'layer',
  outliers: false,
  everyOutlier: false,
  sort: null,
  closed: [],
  selected: null,
  part: null,
  group: null,
  metric: 'stableRank',
  table: false,
  scroll: 0,
  tab: 'statistics',
  beside: false,
  slice: [],
};
/** Values and pictures take the whole page; the list is a strip at its side. */
export const isFolded = ({ tab, beside }: Ui): boolean => tab !== 'statistics' && !beside;

/** A stored state is from an older version or another page until shown otherwise. */
export function readUi(stored: unknown): Ui {
  if (typeof stored !== 'object' || stored === null) return { ...INITIAL_UI };
  const s = stored as Partial<Record<keyof Ui, unknown>>;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    view: s.view === 'spectra' ? 'spectra' : 'tensors',
    filter: readFilter(s.filter),
    filters: s.filters === true,
    grouping: s.grouping === 'module' || s.grouping === 'none' ? s.grouping : 'layer',
    outliers: s.outliers === true,
    everyOutlier: s.everyOutlier === true,
    sort: readSort(s.sort),
    closed: Array.isArray(s.closed) ? s.closed.filter((group) => typeof group === 'string') : [],
    selected: text(s.selected),
    part: text(s.part),
    group: text(s.group),
    metric: text(s.metric) ?? INITIAL_UI.metric,
    table: s.table === true,
    scroll: typeof s.scroll === 'number' && s.scroll >= 0 ? s.scroll : 0,
    tab: s.tab === 'values' || s.tab === 'picture' ? s.tab : 'statistics',
    beside: s.beside === true,
    slice: Array.isArray(s.slice) ? s.slice.filter((at) => typeof at === 'number') : [],
  };
}
function readSort(stored: unknown): Sort | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { key, direction } = stored as Partial<Record<keyof Sort, unknown>>;
  const known: SortKey | undefined =
    FACT_KEYS.find((k) => k === key) ?? (typeof key === 'string' && isMetric(key) ? key : undefined);
  return known && (direction === 1 || direction === -1) ? { key: known, direction } : null;
}
