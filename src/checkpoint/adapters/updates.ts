/** An adapter's update of one module, read from the file: small against the weight that it changes. */
import type { Checkpoint } from '../types.ts';
import type { StorageEntry, Weight } from '../weight.ts';
import { wholeWeight } from '../weights.ts';
import type { AdapterModule } from './adapter.ts';
import { added, need, readFactor, type Factor, type Factors, type RowUpdate } from './factors.ts';
import type { InitialFactors } from './initial.ts';
import { lessOther, type ThinProduct } from './lowRank.ts';
import { recipeOf, type Recipe } from './recipes.ts';
import { needsInitial } from './settings.ts';
import { stackRecipe, type Stack } from './stacks.ts';
import { elementCount } from '../../protocol/lists.ts';

const BIAS = 'lora_B.bias';

export interface ModuleUpdate {
  /** of a stack of experts: how many; null of a module's own weight */
  readonly experts: number | null;
  /** shape of the weight that it changes; null: whatever the weight has on that axis */
  readonly out: number | null;
  readonly in: number | null;
  /** Does a row of it depend on other rows of the weight? */
  readonly needsWhole: boolean;
  readonly entries: readonly StorageEntry[];
  /** Reads the factors. `base`: the whole of the module's weight, [out, in]; a stack as it lies. Throws bad-file, read-failed, cancelled. */
  load(base: Weight, signal?: AbortSignal): Promise<RowUpdate>;
  /** D = s left right, of kinds whose D is such a product whatever the base is; null of the others. Throws as `load`. */
  readonly thin: ((signal?: AbortSignal) => Promise<ThinProduct & { scale: number }>) | null;
}

/** The update of a module's weight, or the reason why it is not one that is computed. */
export function moduleUpdate(
  checkpoint: Checkpoint,
  module: AdapterModule,
  kept: InitialFactors,
): ModuleUpdate | string {
  const parts = new Map([...module.parts].filter(([name]) => name !== BIAS));
  const { beside } = checkpoint;
  const plain = { ...module, parts };
  const word = module.settings?.initialisation ?? 'true';
  const [initial] =
    beside?.kind === 'adapter'
      ? [...(beside.checkpoint.adapter?.modules.values() ?? [])].filter((one) => one.module === module.module)
      : [];
  if (!beside || !initial) {
    const update = updateOf(checkpoint, parts, recipeOf(plain, kept));
    // Its factors belong to what was left of the base, and are not D of the base itself.
    return typeof update === 'string' || !needsInitial(word) ? update : { ...update, thin: null };
  }
  const trained = updateOf(checkpoint, parts, recipeOf({ ...plain, settings: plainly(plain) }, kept));
  const before = moduleUpdate(beside.checkpoint, { ...initial, settings: plainly(initial) }, kept);
  return typeof trained === 'string' ? trained : typeof before === 'string' ? before : difference(trained, before);
}

/** Its own config may still name the initialisation; what it holds is the factors themselves. */
function plainly({ settings }: AdapterModule): AdapterModule['settings'] {
  return settings && { ...settings, initialisation: 'true' };
}

/** D = s B A - s0 B0 A0, both added to a weight whatever it is. */
function difference(trained: ModuleUpdate, before: ModuleUpdate): ModuleUpdate {
  const [later, first] = [trained.thin, before.thin];
  if (!later || !first) return { ...trained, thin: null };
  const thin = async (signal?: AbortSignal): Promise<ThinProduct & { scale: number }> =>
    lessOther(await later(signal), await first(signal));
  return {
    ...trained,
    entries: [...trained.entries, ...before.entries],
    thin,
    load: async (_, signal) => {
      const { left, right, scale } = await thin(signal);
      return added(left, right, scale);
    },
  };
}

/** What it does to its bias; null if nothing. LoRA's is learnt beside the second factor, IA3 scales all outputs. */
export function biasUpdate(checkpoint: Checkpoint, { parts, scale }: AdapterModule): ModuleUpdate | null {
  const [learnt, scales] = [parts.get(BIAS), parts.get('ia3_l')];
  const one = learnt ?? (scales && elementCount(scales.shape.slice(1)) === 1 ? scales : null);
  if (!one || (learnt && scale === null)) return null;
  const make = (factors: Factors): RowUpdate => {
    const { values: by } = learnt ? need(factors, BIAS) : need(factors, 'ia3_l');
    return (row, values) => {
      const [own, other] = [values[0] as number, by[row] as number];
      values[0] = learnt ? own + (scale ?? 0) * other : own * other;
    };
  };
  const update = updateOf(checkpoint, new Map([[learnt ? BIAS : 'ia3_l', one]]), {
    out: one.shape[0] ?? 0,
    in: 1,
    make,
  });
  return typeof update === 'string' ? null : update;
}

/** The update of a stack of experts. */
export function stackUpdate(checkpoint: Checkpoint, module: AdapterModule, stack: Stack): ModuleUpdate | string {
  const update = updateOf(checkpoint, module.parts, stackRecipe(module, stack), stack.experts);
  if (typeof update === 'string') return update;
  // The factors are those of all experts, and each expert asks for them.
  let kept: WeakRef<RowUpdate> | null = null;
  return {
    ...update,
    load: async (base, signal) => {
      const found = kept?.deref() ?? (await update.load(base, signal));
      kept = new WeakRef(found);
      return found;
    },
  };
}

/** What an update does to some rows that the base keeps as a matrix of their own: an expert of a stack, a part of a fused weight. */
export function rowsOfUpdate(update: ModuleUpdate, rows: number, place: (row: number) => number): ModuleUpdate {
  return {
    ...update,
    experts: null,
    out: rows,
    thin: null,
    load: async (base, signal) => {
      const change = await update.load(base, signal);
      return (row, values) => {
        change(place(row), values);
      };
    },
  };
}

function updateOf(
  checkpoint: Checkpoint,
  parts: AdapterModule['parts'],
  recipe: Recipe | string,
  experts: number | null = null,
): ModuleUpdate | string {
  if (typeof recipe === 'string') return recipe;
  const read = async (signal?: AbortSignal): Promise<Factors> => {
    const factors = new Map<string, Factor>();
    for (const [name, row] of parts) factors.set(name, await readFactor(checkpoint, row, signal));
    return factors;
  };
  const { thin } = recipe;
  return {
    experts,
    out: recipe.out,
    in: recipe.in,
    needsWhole: recipe.needsWhole ?? false,
    entries: [...parts.values()].flatMap((row) => wholeWeight(checkpoint, row).entries),
    load: async (base, signal) => recipe.make(await read(signal), base, signal),
    thin: thin ? async (signal) => ({ ...thin.of(await read(signal)), scale: thin.scale }) : null,
  };
}
