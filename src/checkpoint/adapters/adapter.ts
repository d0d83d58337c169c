/** An adapter as a whole: its kind, rank and scale, the modules that it changes, and what is broken in it. */
import {
  adapterKind,
  adapterName,
  adapterWriter,
  isAdapterPart,
  isOfTheInput,
  normalizeName,
  pipelineModel,
  sharedPart,
} from '../../families/index.ts';
import type { AdapterFacts } from '../../protocol/adapter.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { expertsOf, rankOf, scaleOf, type ScaleOptions } from './scale.ts';
import { nesting, parameterName } from './stacks.ts';
import { needsInitial, type AdapterConfig } from './settings.ts';
import type { Adapter, AdapterModule } from './types.ts';

export type { Adapter, AdapterModule };

/** Parts that no pattern tells: their names have a factor of the same module beside them. MLX's m is DoRA's magnitude. */
const BESIDE = new Map([
  ['alpha', 'alpha'],
  ['m', 'lora_magnitude_vector'],
]);

export interface AdapterSources {
  /** adapter_config.json */
  config: AdapterConfig | null;
  /** what the file's own header says of the models of a pipeline */
  models: ReadonlyMap<string, AdapterConfig>;
  /** values of tensors named "alpha", by name */
  alphas: ReadonlyMap<string, number>;
}

/** Tensors whose value is the alpha of a module: they are read before `adapterOf` is asked. */
export function alphaRows(tensors: ReadonlyMap<string, TensorRow>): TensorRow[] {
  const rows: TensorRow[] = [];
  const modules = new Set<string>();
  for (const { name } of tensors.values()) {
    const module = adapterName(name)?.module;
    if (module !== undefined) modules.add(module);
  }
  if (modules.size > 0)
    for (const row of tensors.values())
      if (row.name.endsWith('.alpha') && modules.has(stemOf(row.name, 'alpha'))) rows.push(row);
  return rows;
}

/** The module that "MODULE.alpha" belongs to, as `adapterName` spells it. */
function stemOf(name: string, part: string): string {
  // Any factor's name would do.
  return adapterName(`${name.slice(0, -part.length)}lora_A.weight`)?.module ?? '';
}

/** Null if no tensor is a part of an adapter. A whole model with its update still beside its weights is one that is `unmerged`. */
export function adapterOf(tensors: ReadonlyMap<string, TensorRow>, sources: AdapterSources): Adapter | null {
  const { config } = sources;
  const parts = new Map<string, Map<string, TensorRow>>();
  /** as the file spells them: patterns of the config are held against these */
  const spelled = new Map<string, string>();
  const found = new Set<string>();
  const named = new Set<string>();
  const shared = new Map<string, TensorRow>();
  const whole: TensorRow[] = [];
  let factors = 0;
  for (const row of tensors.values()) {
    if (!isAdapterPart(row.name)) {
      whole.push(row);
      continue;
    }
    factors++;
    const common = sharedPart(row.name);
    const name = adapterName(row.name);
    if (common !== null) shared.set(common, row);
    if (common !== null || !name) continue;
    found.add(name.part);
    if (name.adapter !== null) named.add(name.adapter);
    // Of stacked experts, two parameters of one module differ by these words alone.
    const { holder, depth } = nesting(name.module);
    const key = `${normalizeName(holder)}${'.base_layer'.repeat(depth)}`;
    spelled.set(key, name.module);
    const module = parts.get(key) ?? new Map<string, TensorRow>();
    parts.set(key, module.set(name.part, row));
  }
  if (factors === 0 && !isAllOfAdapter(config, whole)) return null;
  const others = whole.filter((row) => !takeBeside(row, parts));
  if ([...parts.values()].some((of) => of.has('lora_magnitude_vector'))) found.add('lora_magnitude_vector');
  const kind = kindOf(config, found);
  const writer = adapterWriter([...tensors.keys()][0] ?? '');
  const unmerged = isWholeModel(parts, others);
  const modules = new Map<string, AdapterModule>();
  for (const [key, own] of parts) {
    const module = spelled.get(key) ?? key;
    const alpha = own.get('alpha');
    own.delete('alpha');
    for (const [name, row] of shared) own.set(name, row);
    const settings = sources.models.get(pipelineModel(module) ?? '') ?? config;
    const options: ScaleOptions = {
      kind,
      module: parameterName(settings, module),
      parts: own,
      alpha: alpha ? (sources.alphas.get(alpha.name) ?? null) : null,
      // Beside its update lies what the initialisation has left of the base.
      settings: unmerged && settings ? { ...settings, initialisation: 'true' } : settings,
      writer,
    };
    modules.set(key, { ...options, scale: scaleOf(options) });
  }
  const facts = { ...factsOf(kind, modules, others, config), unmerged };
  if (unmerged) return { facts, modules, whole: [], refused: severalAdapters(named) ?? refusal(kind, null) };
  return { facts, modules, whole: others, refused: refusal(kind, config) };
}

/** Most modules have their own weight in the same file, and it holds others beside them: PEFT saves tables of tokens with an adapter. */
function isWholeModel(parts: ReadonlyMap<string, unknown>, others: readonly TensorRow[]): boolean {
  const names = new Set(others.map(({ name }) => normalizeName(name).replace(/\.weight$/, '')));
  // MLX keeps the layer that it wraps as "linear".
  const own = [...parts.keys()].filter((module) => names.has(module) || names.has(`${module}.linear`)).length;
  return own * 2 > parts.size && names.size > own;
}

function severalAdapters(names: ReadonlySet<string>): string | null {
  if (names.size < 2) return null;
  const some = [...names].slice(0, 4).map((name) => JSON.stringify(name.slice(0, 40)));
  return `it holds ${names.size} adapters (${some.join(', ')}), and no file says which of them the model computes with`;
}

/** Does the config say that the file is an adapter, and is all of it PEFT's? Some kinds save whole weights, or parts of other names. */
function isAllOfAdapter(config: AdapterConfig | null, rows: readonly TensorRow[]): boolean {
  return config?.peftType != null && rows.length > 0 && rows.every(({ name }) => name.startsWith('base_model.'));
}

/** A tensor without a factor's name that lies beside the factors of a module, as one part of it; false if it is none. */
function takeBeside(row: TensorRow, parts: ReadonlyMap<string, Map<string, TensorRow>>): boolean {
  const last = row.name.slice(row.name.lastIndexOf('.') + 1);
  const part = BESIDE.get(last);
  if (part === undefined) return false;
  const module = parts.get(normalizeName(stemOf(row.name, last)));
  module?.set(part, row);
  return module !== undefined;
}

function factsOf(
  kind: string,
  modules: ReadonlyMap<string, AdapterModule>,
  whole: readonly TensorRow[],
  config: AdapterConfig | null,
): Omit<AdapterFacts, 'unmerged'> {
  const all = [...modules.values()];
  const ranks = new Set(all.map((module) => rankOf(module.parts, expertsOf(module))).filter((rank) => rank !== null));
  const scales = new Set(all.map(({ scale }) => scale));
  // Kinds without factors bring whole weights instead.
  const replaced = new Set(whole.map(({ name }) => normalizeName(name).replace(/\.(weight|bias)$/, '')));
  const names = modules.size > 0 ? all.map(({ module }) => normalizeName(module)) : [...replaced];
  return {
    kind,
    rank: ranks.size === 1 ? ([...ranks][0] as number) : config?.rank || null,
    scale: scales.size === 1 ? ([...scales][0] as number | null) : null,
    base: config?.base ?? null,
    modules: [...new Set(names.map((module) => module.replace(/^.*?\.\d+\./, '')))].sort(),
    matrices: names.length,
  };
}

function kindOf(config: AdapterConfig | null, parts: ReadonlySet<string>): string {
  const kind = adapterKind(config?.peftType ?? null, parts);
  if (kind !== 'LoRA' || !config) return kind;
  if (config.dora || parts.has('lora_magnitude_vector')) return 'DoRA';
  return config.rankStabilized ? 'rsLoRA' : kind;
}

function refusal(kind: string, config: AdapterConfig | null): string | null {
  const merge = 'Merge it into its base with the library that made it (PEFT: merge_and_unload) and compare the result';
  if (isOfTheInput(kind)) return 'it adds vectors before the input and changes no weight: there is nothing to compare';
  switch (kind) {
    case 'LoRA':
    case 'rsLoRA':
    case 'DoRA':
      if (config && needsInitial(config.initialisation))
        return `its initialisation (${config.initialisation}) changed the base by more than the base tells: its factors belong to what was left of it. Put the adapter as it was before training beside it (a folder called "init"), or the base as it was then ("residual-base"). Or else: ${merge[0]?.toLowerCase()}${merge.slice(1)}`;
      return config?.special == null ? null : `${config.special}: its factors alone are not its update. ${merge}`;
    case 'LoHa':
    case 'LoKr':
    case 'IA3':
    case 'AdaLoRA':
    case 'VeRA':
    case 'OFT':
    case 'BOFT':
    case 'Trainable tokens':
    case 'LN tuning':
      return null;
    case 'X-LoRA':
      return 'it mixes its adapters anew for every token: there is no one update to compare';
    default:
      return `updates of this kind are not computed by this version. ${merge}`;
  }
}
