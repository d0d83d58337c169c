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

/** From so many experts on a column is too narrow for its value, and the order of numbers hides which moved far. */
const MANY_EXPERTS = 64;
/** Whether a module of that many experts is unfolded. */
export const isManyOpen = (model: ComparisonModel, unfolded: readonly string[]): boolean =>
  unfolded.some((module) => model.modules.includes(module) && expertsOf(model, module).length >= MANY_EXPERTS);

/** By how far they moved over all layers, relative to the base's norm, the farthest first; what is not compared yet comes last. */
function bySize(model: ComparisonModel, module: string, experts: readonly number[]): number[] {
  const energies = new Map(experts.map((expert) => [expert, { update: 0, base: 0 }]));
  for (const layer of model.layers)
    for (const [expert, pairs] of byExpert(model.pairsAt(layer, module))) {
      const sum = expert === null ? undefined : energies.get(expert);
      for (const { name } of sum ? pairs : []) {
        const { updateNorm, baseNorm } = model.tensors.get(name)?.metrics ?? {};
        if (!sum || updateNorm === undefined || baseNorm === undefined || updateNorm === null || baseNorm === null)
          continue;
        sum.update += updateNorm ** 2;
        sum.base += baseNorm ** 2;
      }
    }
  const size = (expert: number): number => {
    const { update, base } = energies.get(expert) ?? { update: 0, base: 0 };
    return base > 0 ? update / base : -1;
  };
  return [...experts].sort((a, b) => size(b) - size(a) || a - b);
}

/** `unfolded`: modules of which each expert has a column; `isBySize`: where there are many, by how far they moved. */
export function columnsOf(model: ComparisonModel, unfolded: readonly string[], isBySize = false): Column[] {
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
    const order = isBySize && experts.length >= MANY_EXPERTS ? bySize(model, module, experts) : experts;
    return order.map((expert, i) => ({
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
