/** Which tensors of a base an adapter changes, and by what; and why some of its modules change none. */
import { isExpertStack, normalizeName } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { isStack } from '../rows.ts';
import type { Checkpoint } from '../types.ts';
import type { Adapter, AdapterModule } from './adapter.ts';
import { fitsShape, sidesOf, wrongShape } from './fit.ts';
import { InitialFactors } from './initial.ts';
import { nesting, parameterName } from './stacks.ts';
import { Targets } from './targets.ts';
import { biasUpdate, moduleUpdate, rowsOfUpdate, stackUpdate, type ModuleUpdate } from './updates.ts';

export interface Assigned {
  /** by the base's tensor */
  updates: ReadonlyMap<string, ModuleUpdate>;
  /** why an update is not read: by the base's tensor, or by the module's name if the base has none for it */
  reasons: ReadonlyMap<string, string>;
  /** those of them whose weight the base does not have, or has in another shape */
  unfit: { name: string; reason: string }[];
  /** whole weights that the adapter brings, by the base's tensor that each replaces */
  whole: ReadonlyMap<string, TensorRow>;
  /** the adapter's tensors that have no counterpart in the base */
  left: string[];
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
  /** Experts that the base keeps one by one, of an adapter that changes the stack of them. */
  const takeListed = (from: Checkpoint, name: string, module: AdapterModule, experts: TensorRow[][]): void => {
    const sides = (experts[0] ?? []).map((row) => sidesOf(base, row));
    const stack = { experts: experts.length, out: sides.reduce((all, { out }) => all + out, 0), in: sides[0]?.in ?? 0 };
    const update = stackUpdate(from, module, { ...stack, turned: false, name: parameterName(module.settings, name) });
    if (typeof update === 'string') reasons.set(name, update);
    else if (update.out !== stack.out || update.in !== stack.in)
      unfit.push({ name, reason: wrongShape({ shape: [stack.experts, stack.out, stack.in] }, update) });
    else
      experts.forEach((rows, expert) => {
        let first = expert * stack.out;
        for (const [i, row] of rows.entries()) {
          take(row, rowsOfUpdate(update, first, sides[i]?.out ?? 0));
          first += sides[i]?.out ?? 0;
        }
      });
  };
  for (const [name, module] of adapter.modules) {
    const row = rowOf(base, targets, name, module);
    const listed = row ? [] : targets.experts(normalizeName(parameterName(module.settings, module.module)));
    if (listed.length > 0) takeListed(source, name, module, listed);
    else if (!row) unfit.push({ name, reason: NO_WEIGHT });
    else if (isStack(row)) take(row, stackUpdate(source, module, { ...sidesOf(base, row), name: row.name }));
    else take(row, moduleUpdate(source, module, kept));
    const bias = biasUpdate(source, module);
    const vector = bias ? targets.parameter(name, 'bias') : undefined;
    if (bias && vector) take(vector, bias);
    // IA3 scales a bias if there is one; one that LoRA has learnt needs it.
    else if (bias && module.parts.has('lora_B.bias'))
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
  return { updates, reasons, unfit, whole, left };
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
