/** How many attention heads share the rows or the columns of a module. */
import type { ComparisonPlan } from '../../src/protocol/engine.ts';
import { t } from './l10n.ts';

/** `rows`, `columns`: heads along that side; 0 where it has none. */
export interface Heads {
  rows: number;
  columns: number;
  word: string;
}
export const NO_HEADS: Heads = { rows: 0, columns: 0, word: '' };

/** How many heads share the rows, the columns of a module; 0 where it has none. */
export function headsOf(module: string, heads: ComparisonPlan['heads']): Heads {
  if (!heads) return NO_HEADS;
  if (/(^|\.)q_proj$|#q$/.test(module)) return { rows: heads.attention, columns: 0, word: t('head') };
  if (/(^|\.)[kv]_proj$|#[kv]$/.test(module)) return { rows: heads.keyValue, columns: 0, word: t('kv head') };
  if (/(^|\.)o_proj$|attn\.c_proj$|attention\.dense$|attn\.dense$|attn\.out_proj$/.test(module)) {
    return { rows: 0, columns: heads.attention, word: t('head') };
  }
  return NO_HEADS;
}
