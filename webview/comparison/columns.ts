/** Columns of the map: a module each, and of a mixture of experts that is unfolded an expert each. Pure. */
import { expertOfMatrix } from '../../src/families/index.ts';
import type { ComparisonModel, Pair } from './model.ts';

export interface Column {
  /** the module, and of an expert its number after a space */
  id: string;
  module: string;
  /** null: all matrices of the module in a layer */
  expert: number | null;
  label: string;
  /** width beside other columns */
  weight: number;
  /** set on a column that unfolds into experts, or folds them again */
  isOpen: boolean | null;
}

/** Numbers of the experts whose matrices share cells of this module, ascending; none of a module that is no mixture. */
export function expertsOf(model: ComparisonModel, module: string): number[] {
  const numbers = new Set<number>();
  for (const layer of model.layers)
    for (const expert of byExpert(model.pairsAt(layer, module)).keys()) if (expert !== null) numbers.add(expert);
  return numbers.size > 1 ? [...numbers].sort((a, b) => a - b) : [];
}

/** `unfolded`: modules of which each expert has a column. */
export function columnsOf(model: ComparisonModel, unfolded: readonly string[]): Column[] {
  const isAnyOpen = unfolded.some((module) => model.modules.includes(module));
  return model.modules.flatMap((module): Column[] => {
    const label = model.labels.get(module) ?? module;
    const experts = model.hasExperts ? expertsOf(model, module) : [];
    const plain = { id: module, module, expert: null };
    if (!experts.length) return [{ ...plain, label, weight: isAnyOpen ? 2 : 1, isOpen: null }];
    if (!unfolded.includes(module))
      return [
        {
          ...plain,
          label: isAnyOpen ? `▸${label}` : `▸ ${label} ×${experts.length}`,
          weight: isAnyOpen ? 3 : 1.4,
          isOpen: false,
        },
      ];
    return experts.map((expert, i) => ({
      id: `${module} ${expert}`,
      module,
      expert,
      label: i === 0 ? `▾${expert}` : String(expert),
      weight: 1,
      isOpen: i === 0 ? true : null,
    }));
  });
}

/** The matrices of a cell. */
export function membersAt(model: ComparisonModel, layer: number, column: Column): readonly Pair[] {
  const all = model.pairsAt(layer, column.module);
  return column.expert === null ? all : (byExpert(all).get(column.expert) ?? []);
}
/** Sorted once for a cell: a layer of hundreds of experts is asked for each of them. */
const SORTED = new WeakMap<readonly Pair[], ReadonlyMap<number | null, readonly Pair[]>>();
function byExpert(pairs: readonly Pair[]): ReadonlyMap<number | null, readonly Pair[]> {
  const known = SORTED.get(pairs);
  if (known) return known;
  const sorted = new Map<number | null, Pair[]>();
  for (const pair of pairs) {
    const expert = expertOfMatrix(pair.name);
    const list = sorted.get(expert);
    if (list) list.push(pair);
    else sorted.set(expert, [pair]);
  }
  SORTED.set(pairs, sorted);
  return sorted;
}
/** The column in which a matrix is shown. */
export function columnOf(columns: readonly Column[], module: string, member: string | null): Column | undefined {
  const expert = member === null ? null : expertOfMatrix(member);
  const own = columns.filter((column) => column.module === module);
  return own.find((column) => column.expert !== null && column.expert === expert) ?? own[0];
}
