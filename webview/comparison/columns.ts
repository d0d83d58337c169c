/** Columns of the map: a module each, and of a mixture of experts that is unfolded an expert each. Pure. */
import { expertOfMatrix } from '../../src/families/index.ts';
import type { Toggle } from '../shared/heatmap.ts';
import { t } from '../shared/l10n.ts';
import type { ComparisonModel } from './model.ts';

interface Named {
  readonly name: string;
}
/** Layers by modules, with the matrices of each cell. */
export interface Grid<Matrix extends Named> {
  readonly layers: readonly number[];
  readonly modules: readonly string[];
  readonly labels: ReadonlyMap<string, string>;
  /** some matrices are of one expert each */
  readonly hasExperts: boolean;
  matricesAt(layer: number, module: string): readonly Matrix[];
}

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
export function expertsOf(model: Grid<Named>, module: string): number[] {
  const numbers = new Set<number>();
  for (const layer of model.layers)
    for (const expert of byExpert(model.matricesAt(layer, module)).keys()) if (expert !== null) numbers.add(expert);
  return numbers.size > 1 ? [...numbers].sort((a, b) => a - b) : [];
}

/** From so many experts on a column is too narrow for its value, and the order of numbers hides which moved far. */
const MANY_EXPERTS = 64;
/** Whether a module of that many experts is unfolded. */
export const isManyOpen = (model: Grid<Named>, unfolded: readonly string[]): boolean =>
  unfolded.some((module) => model.modules.includes(module) && expertsOf(model, module).length >= MANY_EXPERTS);

type Compared = Pick<ComparisonModel, 'tensors'>;
/** By how far they moved over all layers, relative to the base's norm, the farthest first; what is not compared yet comes last. */
function bySize(model: Grid<Named>, module: string, experts: readonly number[], { tensors }: Compared): number[] {
  const energies = new Map(experts.map((expert) => [expert, { update: 0, base: 0 }]));
  for (const layer of model.layers)
    for (const { name } of model.matricesAt(layer, module)) {
      const sum = energies.get(expertOfMatrix(name) ?? -1);
      const { updateNorm, baseNorm } = tensors.get(name)?.metrics ?? {};
      if (!sum || updateNorm == null || baseNorm == null) continue;
      sum.update += updateNorm ** 2;
      sum.base += baseNorm ** 2;
    }
  const size = (expert: number): number => {
    const { update, base } = energies.get(expert) ?? { update: 0, base: 0 };
    return base > 0 ? update / base : -1;
  };
  return [...experts].sort((a, b) => size(b) - size(a) || a - b);
}

/** `unfolded`: modules of which each expert has a column; `bySizeOf`: where there are many, by how far they moved in this comparison. */
export function columnsOf(model: Grid<Named>, unfolded: readonly string[], bySizeOf: Compared | null = null): Column[] {
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
    const order = bySizeOf && experts.length >= MANY_EXPERTS ? bySize(model, module, experts, bySizeOf) : experts;
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

/** The button over a column that unfolds, or folds; null: it does neither. */
export function toggleOf({ labels }: Pick<Grid<Named>, 'labels'>, column: Column | undefined): Toggle | null {
  if (!column || column.isOpen === null) return null;
  const label = labels.get(column.module) ?? column.module;
  const name = column.isOpen ? t('{0}: all experts in one column', label) : t('{0}: a column for each expert', label);
  return { name, isOpen: column.isOpen };
}
/** The unfolded modules once that button is pressed. */
export function toggled(unfolded: readonly string[], { module, isOpen }: Column): readonly string[] {
  const rest = unfolded.filter((one) => one !== module);
  return isOpen ? rest : [...rest, module];
}

/** The matrices of a cell. */
export function membersAt<Matrix extends Named>(
  model: Grid<Matrix>,
  layer: number,
  column: Pick<Column, 'module' | 'expert'>,
): readonly Matrix[] {
  const all = model.matricesAt(layer, column.module);
  if (column.expert === null) return all;
  return (byExpert(all).get(column.expert) ?? []).flatMap((at) => all[at] ?? []);
}
/** Sorted once for a cell: a layer of hundreds of experts is asked for each of them. */
const SORTED = new WeakMap<readonly Named[], ReadonlyMap<number | null, readonly number[]>>();
/** Places of the matrices of each expert. */
function byExpert(matrices: readonly Named[]): ReadonlyMap<number | null, readonly number[]> {
  const known = SORTED.get(matrices);
  if (known) return known;
  const sorted = new Map<number | null, number[]>();
  for (const [at, { name }] of matrices.entries()) {
    const expert = expertOfMatrix(name);
    const list = sorted.get(expert);
    if (list) list.push(at);
    else sorted.set(expert, [at]);
  }
  SORTED.set(matrices, sorted);
  return sorted;
}
/** The column in which a matrix is shown. */
export function columnOf(columns: readonly Column[], module: string, member: string | null): Column | undefined {
  const expert = member === null ? null : expertOfMatrix(member);
  const own = columns.filter((column) => column.module === module);
  return own.find((column) => column.expert !== null && column.expert === expert) ?? own[0];
}
