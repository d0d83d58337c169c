/** Which tensors of a base an adapter changes, and by what; and why some of its modules change none. */
import { isExpertStack, normalizeName } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { isStack } from '../rows.ts';
import type { Checkpoint, MatrixView } from '../types.ts';
import type { Adapter, AdapterModule } from './adapter.ts';
import { fitsShape, placeOf, placeOfPart, sidesOf, wrongShape, type AdaptedPlace } from './fit.ts';
import { InitialFactors } from './initial.ts';
import { asParts, biasesOf, bothOf } from './otherLayouts.ts';
import { nesting, parameterName } from './stacks.ts';
import { renamed, Targets, type BasePart } from './targets.ts';
import { biasUpdate, moduleUpdate, rowsOfUpdate, stackUpdate, type ModuleUpdate } from './updates.ts';

export interface Assigned {
  /** by the base's tensor; of a part of one "TENSOR#q", of an expert "TENSOR#7" */
  updates: ReadonlyMap<string, ModuleUpdate>;
  /** why an update is not read: by the base's tensor, or by the module's name if the base has none for it */
  reasons: ReadonlyMap<string, string>;
  /** those of them whose weight the base does not have, or has in another shape */
  unfit: { name: string; reason: string }[];
  /** whole weights that the adapter brings, by the base's tensor that each replaces */
  whole: ReadonlyMap<string, TensorRow>;
  /** the adapter's tensors that have no counterpart in the base */
  left: string[];
  /** what the names of its modules are read with, in place of what they begin with */
  prefix: { take: string; put: string } | null;
}

/** The update of a weight that lies so in its tensor, and where in the update it stands; undefined if there is none. */
export function updateAt(
  { updates }: Assigned,
  checkpoint: Checkpoint,
  row: TensorRow,
  view: MatrixView,
): { update: ModuleUpdate; at: AdaptedPlace } | undefined {
  const whole = updates.get(row.name);
  if (whole) return { update: whole, at: placeOf(checkpoint, row, view) };
  const part = view.name === row.name ? undefined : updates.get(view.name);
  return part && { update: part, at: placeOfPart(checkpoint, row, view) };
}

const NO_WEIGHT = 'the base has no weight of that name for the adapter to change';

/** `source`: the adapter's own checkpoint, which is the base's if its update was not merged. */
export function assignUpdates(base: Checkpoint, source: Checkpoint, adapter: Adapter): Assigned {
  const targets = new Targets(base);
  const updates = new Map<string, ModuleUpdate>();
  const reasons = new Map<string, string>();
  const unfit: Assigned['unfit'] = [];
  const left: string[] = [];
  const kept = new InitialFactors();
  const take = (row: TensorRow, update: ModuleUpdate | string): void => {
    if (typeof update === 'string') reasons.set(row.name, update);
    else if (fitsShape(base, row, update)) updates.set(row.name, update);
    else unfit.push({ name: row.name, reason: wrongShape(row, update) });
  };
  const takePart = ({ view }: BasePart, update: ModuleUpdate | string): void => {
    if (typeof update === 'string') reasons.set(view.name, update);
    else if ((update.out ?? view.rows) === view.rows && (update.in ?? view.columns) === view.columns)
      updates.set(view.name, update);
    else unfit.push({ name: view.name, reason: wrongShape({ shape: [view.rows, view.columns] }, update) });
  };
  /** Experts that the base keeps one by one, or in another stack, of an adapter that changes a stack of them. */
  const takeListed = (from: Checkpoint, name: string, module: AdapterModule, experts: BasePart[][]): void => {
    const [first = []] = experts;
    const out = first.reduce((all, { view }) => all + view.rows, 0);
    const stack = { experts: experts.length, out, in: first[0]?.view.columns ?? 0 };
    const update = stackUpdate(from, module, { ...stack, turned: false, name: parameterName(module.settings, name) });
    if (typeof update === 'string') reasons.set(name, update);
    else if (update.out !== stack.out || update.in !== stack.in)
      unfit.push({ name, reason: wrongShape({ shape: [stack.experts, stack.out, stack.in] }, update) });
    else
      experts.forEach((parts, expert) => {
        let before = expert * stack.out;
        for (const part of parts) {
          const start = before;
          takePart(
            part,
            rowsOfUpdate(update, part.view.rows, (at) => start + at),
          );
          before += part.view.rows;
        }
      });
  };
  const isThere = (name: string, module: AdapterModule): boolean => rowOf(base, targets, name, module) !== undefined;
  const isElsewhere = ![...adapter.modules].some(([name, module]) => isThere(name, module));
  const prefix = isElsewhere ? targets.prefixFor([...adapter.modules.keys()]) : null;
  for (const [spelled, module] of adapter.modules) {
    const name = prefix ? renamed(spelled, prefix) : spelled;
    const row = rowOf(base, targets, name, module);
    const listed = row ? [] : targets.experts(normalizeName(parameterName(module.settings, module.module)));
    const parts = row || listed.length > 0 ? null : asParts(base, targets, name, moduleUpdate(source, module, kept));
    if (listed.length > 0) takeListed(source, name, module, listed);
    else if (parts) for (const [part, update] of parts) takePart(part, update);
    else if (!row) unfit.push({ name, reason: NO_WEIGHT });
    else if (isStack(row)) take(row, stackUpdate(source, module, { ...sidesOf(base, row), name: row.name }));
    else take(row, moduleUpdate(source, module, kept));
    const bias = biasUpdate(source, module);
    const own = bias ? targets.parameter(name, 'bias') : undefined;
    const biases = !bias ? [] : own ? [[own, bias] as const] : row ? [] : biasesOf(base, targets, name, bias);
    for (const [vector, update] of biases) {
      const before = updates.get(vector.name);
      take(vector, before ? bothOf(before, update) : update);
    }
    // IA3 scales a bias if there is one; one that LoRA has learnt needs it.
    if (biases.length === 0 && module.parts.has('lora_B.bias'))
      reasons.set(name, 'the base has no bias for the adapter to change');
  }
  const whole = new Map<string, TensorRow>();
  for (const row of adapter.whole) {
    const match = targets.tensor(normalizeName(row.name));
    if (!match || match.shape.join() !== row.shape.join()) left.push(row.name);
    // The base's own table, saved with an update of it.
    else if (!updates.has(match.name)) whole.set(match.name, row);
  }
  for (const { name, reason } of unfit) reasons.set(name, reason);
  return { updates, reasons, unfit, whole, left, prefix };
}

/** What a module's factors are of. Of stacked experts their names tell the order of the parameters at most: else the shapes do. */
function rowOf(base: Checkpoint, targets: Targets, name: string, module: AdapterModule): TensorRow | undefined {
  const weight = targets.parameter(name, 'weight') ?? targets.tensor(name);
  if (weight) return weight;
  const { holder } = nesting(name);
  const stated = targets.tensor(normalizeName(parameterName(module.settings, module.module)));
  const others = targets.within(holder).filter((row) => isStack(row) && isExpertStack(row.module));
  const fits = (row: TensorRow): boolean => {
    const { experts, out, in: inside } = sidesOf(base, row);
    const [a, b] = [module.parts.get('lora_A')?.shape, module.parts.get('lora_B')?.shape];
    if (!a || !b || experts === null) return false;
    const sides = [out, inside].sort().join();
    return [b[0] ?? 0, a[1] ?? 0].sort().join() === sides && (a[0] ?? 0) % experts === 0;
  };
  if (stated && (!isStack(stated) || fits(stated))) return stated;
  const fitting = others.filter(fits);
  return fitting.length === 1 ? fitting[0] : stated;
}
