/** How many attention heads share the rows or the columns of a module. */
import { headSideOf } from '../../src/families/columns.ts';
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { t } from './l10n.ts';

/** `rows`, `columns`: heads along that side; 0 if it has none. */
export interface Heads {
  rows: number;
  columns: number;
  word: string;
}
export const NO_HEADS: Heads = { rows: 0, columns: 0, word: '' };

/** How many heads share the rows, the columns of a module; 0 if it has none. */
export function headsOf(module: string, heads: ComparisonPlan['heads']): Heads {
  if (!heads) return NO_HEADS;
  const found = headSideOf(module);
  if (!found) return NO_HEADS;
  const count = heads[found.heads];
  return {
    rows: found.side === 'rows' ? count : 0,
    columns: found.side === 'columns' ? count : 0,
    word: found.heads === 'keyValue' ? t('kv head') : t('head'),
  };
}
