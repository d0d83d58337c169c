/**
 * An adapter's module over a base that keeps its weight in another layout: q, k and v, gate and up, or one expert over a fused tensor or a
 * stack; and a fused module over a base that keeps the parts one by one.
 */
import { describeName, fusionOf, rowParts, type RowPart } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Checkpoint } from '../types.ts';
import type { BasePart, Targets } from './targets.ts';
import { rowsOfUpdate, type ModuleUpdate } from './updates.ts';

const SUFFIXES = { qkv: ['q', 'k', 'v'], gateUp: ['gate', 'up'] } as const;
const WHOLE = 'its update is worked out from the whole of its weight, and this base keeps that in parts';

/**
 * The base's matrices that a module of this name is, or consists of, each with what happens to it; null if the base has none for it.
 * `update`: of the module.
 */
export function asParts(
  base: Checkpoint,
  targets: Targets,
  module: string,
  update: ModuleUpdate | string,
): [BasePart, ModuleUpdate | string][] | null {
  const name = `${module}.weight`;
  const part = targets.part(name);
  if (part) return [[part, update]];
  const path = describeName(name).module;
  const fusion = fusionOf(path, base.family)?.fusion;
  if (fusion === undefined) return null;
  const isAttention = fusion === 'qkv' || fusion === 'qkv-by-group';
  const suffixes = isAttention ? SUFFIXES.qkv : SUFFIXES.gateUp;
  const parts = targets.partsOf(name, suffixes).filter((one) => one !== undefined);
  if (parts.length !== suffixes.length) return null;
  if (typeof update === 'string') return parts.map((one) => [one, update]);
  if (update.needsWhole) return parts.map((one) => [one, WHOLE]);
  const rows = parts.reduce((all, { view }) => all + view.rows, 0);
  const columns = parts[0]?.view.columns ?? 0;
  const split = rowParts(path, [update.out ?? rows, update.in ?? columns], base.family, base.config);
  const own = suffixes.map((suffix) => split?.find((one) => one.suffix === suffix));
  return parts.map((one, at) => {
    const place = own[at];
    return [one, place ? rowsOfUpdate(update, place.count, (row) => rowOf(place, row)) : untold(path)];
  });
}

/** The base's biases that such a module adds, each with what happens to it; `update`: of the module's bias. */
export function biasesOf(
  base: Checkpoint,
  targets: Targets,
  module: string,
  update: ModuleUpdate,
): [TensorRow, ModuleUpdate][] {
  const biasOf = ({ row }: BasePart): TensorRow | undefined =>
    targets.tensor((row.quantised?.weight ?? row.name).replace(/weight$/, 'bias'));
  const parts = asParts(base, targets, module, { ...update, in: null }) ?? [];
  return parts.flatMap(([part, own]): [TensorRow, ModuleUpdate][] => {
    const { row, view } = part;
    const bias = biasOf(part);
    const length = bias?.shape[0] ?? 0;
    if (!bias || typeof own === 'string') return [];
    const one = { ...own, in: 1 };
    if (length === view.rows) return [[bias, one]];
    const suffix = view.name.slice(view.name.lastIndexOf('#') + 1);
    const place = rowParts(row.module, [length, view.columns], base.family, base.config)?.find(
      (other) => other.suffix === suffix,
    );
    return place ? [[bias, withinVector(one, length, place)]] : [];
  });
}

/** The update of a part of a vector, as one of the whole of it. */
function withinVector(update: ModuleUpdate, length: number, place: RowPart): ModuleUpdate {
  const rows = new Map(Array.from({ length: place.count }, (_, row) => [rowOf(place, row), row]));
  return {
    ...update,
    out: length,
    load: async (base, signal) => {
      const change = await update.load(base, signal);
      return (at, values) => {
        const row = rows.get(at);
        if (row !== undefined) change(row, values);
      };
    },
  };
}

/** Two updates of one weight, each of rows of its own. */
export function bothOf(one: ModuleUpdate, other: ModuleUpdate): ModuleUpdate {
  return {
    ...one,
    entries: [...one.entries, ...other.entries],
    thin: null,
    load: async (base, signal) => {
      const [first, second] = [await one.load(base, signal), await other.load(base, signal)];
      return (row, values) => {
        first(row, values);
        second(row, values);
      };
    },
  };
}

function rowOf({ first, step, block }: RowPart, row: number): number {
  return block ? first + Math.floor(row / block.size) * block.every + (row % block.size) * step : first + row * step;
}

const untold = (module: string): string =>
  `the adapter has it within ${module}, and config.json does not say which of those rows are its own`;
