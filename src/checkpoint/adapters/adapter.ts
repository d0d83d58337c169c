/** An adapter as a whole: its kind, rank and scale, the modules that it changes, and what is broken in it. */
import { adapterKind, adapterName, isAdapterPart, normalizeName } from '../../families/index.ts';
import type { ProblemList } from '../../formats/index.ts';
import type { AdapterFacts } from '../../protocol/adapter.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { Matcher } from '../../text/pattern/automaton.ts';
import { PatternError } from '../../text/pattern/error.ts';
import { regexAutomaton } from '../../text/pattern/regex.ts';
import type { AdapterConfig } from './config.ts';

/** PEFT's own: alpha of the Hadamard and Kronecker kinds if their config does not say. */
const DEFAULT_ALPHA = 8;
/** Initialisations that took the first factors out of the base: the saved ones belong to what was left of it. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|eva|lora_ga)/;
const MAX_PATTERN = 500;
const MAX_WORK = 1_000_000;

export interface Adapter {
  facts: AdapterFacts;
  /** parts by the module's normalized name */
  modules: ReadonlyMap<string, { parts: ReadonlyMap<string, TensorRow>; scale: number | null }>;
  /** whole weights that it brings: modules_to_save, biases; none of an unmerged model, whose weights are its own */
  whole: readonly TensorRow[];
  /** why no update is read from it at all; null if it is */
  refused: string | null;
}

/** Null if no tensor is a part of an adapter. A whole model with its update still beside its weights is one that is `unmerged`. */
export function adapterOf(tensors: ReadonlyMap<string, TensorRow>, config: AdapterConfig | null): Adapter | null {
  const parts = new Map<string, Map<string, TensorRow>>();
  /** as the file spells them: patterns of the config are held against these */
  const spelled = new Map<string, string>();
  const found = new Set<string>();
  const named = new Set<string>();
  const whole: TensorRow[] = [];
  let factors = 0;
  for (const row of tensors.values()) {
    if (!isAdapterPart(row.name)) {
      if (!row.name.endsWith('.alpha')) whole.push(row);
      continue;
    }
    factors++;
    const name = adapterName(row.name);
    if (!name) continue;
    found.add(name.part);
    if (name.adapter !== null) named.add(name.adapter);
    // Of stacked experts, two parameters of one module differ by this word alone.
    const stack = name.module.endsWith('.base_layer') ? '.base_layer' : '';
    const key = `${normalizeName(name.module)}${stack}`;
    spelled.set(key, name.module);
    const module = parts.get(key) ?? new Map<string, TensorRow>();
    parts.set(key, module.set(name.part, row));
  }
  if (factors === 0) return null;
  const kind = kindOf(config, found);
  const unmerged = isWholeModel(parts, whole);
  const modules = new Map(
    [...parts].map(([module, of]) => [
      module,
      { parts: of, scale: scaleOf(spelled.get(module) ?? module, of, config, kind) },
    ]),
  );
  const ranks = new Set([...modules.values()].map((module) => rankOf(module.parts)).filter((rank) => rank !== null));
  const scales = new Set([...modules.values()].map(({ scale }) => scale));
  const facts: AdapterFacts = {
    kind,
    rank: ranks.size === 1 ? ([...ranks][0] as number) : (config?.rank ?? null),
    scale: scales.size === 1 ? ([...scales][0] as number | null) : null,
    base: config?.base ?? null,
    modules: [...new Set([...modules.keys()].map((module) => module.replace(/^.*?\.\d+\./, '')))].sort(),
    matrices: modules.size,
    unmerged,
  };
  if (unmerged) return { facts, modules, whole: [], refused: severalAdapters(named) ?? refusal(kind, null) };
  return { facts, modules, whole, refused: refusal(kind, config) };
}

/** Most modules have their own weight in the same file, and it holds others beside them: PEFT saves tables of tokens with an adapter. */
function isWholeModel(parts: ReadonlyMap<string, unknown>, others: readonly TensorRow[]): boolean {
  const names = new Set(others.map(({ name }) => normalizeName(name).replace(/\.weight$/, '')));
  const own = [...parts.keys()].filter((module) => names.has(module)).length;
  return own * 2 > parts.size && names.size > own;
}

function severalAdapters(names: ReadonlySet<string>): string | null {
  if (names.size < 2) return null;
  const some = [...names].slice(0, 4).map((name) => JSON.stringify(name.slice(0, 40)));
  return `it holds ${names.size} adapters (${some.join(', ')}), and no file says which of them the model computes with`;
}

/** What is broken in it, and one line that says what it is. */
export function reportAdapter({ facts, modules }: Adapter, config: AdapterConfig | null, problems: ProblemList): void {
  const { kind, rank, scale, matrices, unmerged } = facts;
  const details = [rank === null ? [] : [`rank ${rank}`], scale === null ? [] : [`scale ${scale}`]].flat();
  const what = [unmerged ? `an adapter (${kind})` : `this is an adapter (${kind})`, ...details].join(', ');
  const where = matrices === 1 ? '1 module' : `${matrices} modules`;
  if (unmerged)
    problems.add(
      'info',
      'adapter-unmerged',
      `${what}, is not merged into ${where} of this model: their weights alone are not what it computes with.`,
      'A comparison takes weight and update together.',
    );
  else
    problems.add(
      'info',
      'adapter',
      `${what}, for ${where}: its tensors are parts of an update, not weights.`,
      'Compare its base with it.',
    );
  for (const { parts } of modules.values()) {
    const [a, b] = [parts.get('lora_A'), parts.get('lora_B')];
    const one = a ?? b;
    if (one && a && b && a.shape[0] !== b.shape[1] && !isStacked(one.name))
      problems.add(
        'error',
        'adapter-ranks-disagree',
        `its factors have the ranks ${a.shape[0]} and ${b.shape[1]}.`,
        'Save the adapter again.',
        { tensor: a.name },
      );
    else if (one && (!a || !b))
      problems.add('error', 'adapter-factor-missing', 'its other factor is missing.', 'Save the adapter again.', {
        tensor: one.name,
      });
  }
  if (config && config.alpha === null && kind.endsWith('oRA'))
    problems.add(
      'warning',
      'adapter-alpha-missing',
      'adapter_config.json has no lora_alpha.',
      'Its scale is not known.',
    );
}

/** Factors of stacked experts hold those of all: their second sides are ranks times experts. */
const isStacked = (name: string): boolean => /\.experts\./.test(name);

function kindOf(config: AdapterConfig | null, parts: ReadonlySet<string>): string {
  const kind = adapterKind(config?.peftType ?? null, parts);
  if (kind !== 'LoRA' || !config) return kind;
  if (config.dora || parts.has('lora_magnitude_vector')) return 'DoRA';
  return config.rankStabilized ? 'rsLoRA' : kind;
}

function rankOf(parts: ReadonlyMap<string, TensorRow>): number | null {
  const shape = (name: string): readonly number[] | undefined => parts.get(name)?.shape;
  return (
    shape('lora_A')?.[0] ??
    shape('lora_a')?.[1] ??
    shape('lora_embedding_A')?.[0] ??
    shape('hada_w1_b')?.[0] ??
    shape('lokr_w2_b')?.[0] ??
    shape('lokr_w1_b')?.[0] ??
    null
  );
}

/** alpha / r, alpha / sqrt r with rank stabilisation; null if the alpha is not known. */
function scaleOf(
  module: string,
  parts: ReadonlyMap<string, TensorRow>,
  config: AdapterConfig | null,
  kind: string,
): number | null {
  if (!config) return null;
  const own = config.alphaPattern.find(([pattern]) => fits(pattern, module))?.[1];
  const alpha = own ?? config.alpha ?? (kind === 'LoHa' || kind === 'LoKr' ? DEFAULT_ALPHA : null);
  const rank = rankOf(parts) ?? config.rank;
  if (alpha === null || rank === null || rank === 0) return null;
  return alpha / (config.rankStabilized ? Math.sqrt(rank) : rank);
}

/** As PEFT reads the keys of its patterns: a regular expression over the end of the module's name. */
function fits(pattern: string, module: string): boolean {
  if (module === pattern || module.endsWith(`.${pattern}`)) return true;
  try {
    const options = { anyCase: false, whole: true, maxLength: MAX_PATTERN };
    const whole = pattern.startsWith('^') ? pattern.slice(1) : `(.*\\.)?(${pattern})`;
    return new Matcher(regexAutomaton(whole, options), MAX_WORK).find(module);
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function refusal(kind: string, config: AdapterConfig | null): string | null {
  const merge = 'Merge it into its base with the library that made it (PEFT: merge_and_unload) and compare the result';
  switch (kind) {
    case 'LoRA':
    case 'rsLoRA':
    case 'DoRA':
      if (config && CHANGES_BASE.test(config.initialisation))
        return `its initialisation (${config.initialisation}) changed the base: its factors belong to what was left of it. ${merge}`;
      return null;
    case 'LoHa':
    case 'LoKr':
    case 'IA3':
      return null;
    case 'Prompt tuning':
    case 'Prefix tuning':
    case 'P-tuning':
      return 'it adds vectors before the input and changes no weight: there is nothing to compare';
    case 'X-LoRA':
      return 'it mixes its adapters anew for every token: there is no one update to compare';
    default:
      return `updates of this kind are not computed by this version. ${merge}`;
  }
}
