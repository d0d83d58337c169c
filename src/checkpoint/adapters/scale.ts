/** What the update of a module is multiplied by, from its writer's rules. */
import type { AdapterWriter } from '../../families/index.ts';
import { Matcher } from '../../text/pattern/automaton.ts';
import { PatternError } from '../../text/pattern/error.ts';
import { regexAutomaton } from '../../text/pattern/regex.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { AdapterConfig } from './settings.ts';

/** PEFT's own: alpha of the Hadamard and Kronecker kinds if their config does not say. */
const DEFAULT_ALPHA = 8;
/** PEFT divides by the rank and this, AdaLoRA's guard against nothing left (tuners/adalora/layer.py). */
const ADALORA_GUARD = 1e-5;
/** Kinds whose update is multiplied by nothing. */
const UNSCALED = new Set(['IA3', 'OFT', 'BOFT', 'Trainable tokens', 'LN tuning']);
const MAX_PATTERN = 500;
const MAX_WORK = 1_000_000;

/** Null if nothing tells the rank. Factors of stacked experts hold those of all: `experts` times the rank. */
export function rankOf(parts: ReadonlyMap<string, TensorRow>, experts = 1): number | null {
  const side = (name: string, axis: number): number | undefined => parts.get(name)?.shape[axis];
  // MLX: [in, r], and [E, r, in] of experts.
  const rank =
    side('lora_A', 0) ??
    side('lora_a', 1) ??
    side('lora_embedding_A', 0) ??
    side('hada_w1_b', 0) ??
    side('lokr_w2_b', 0) ??
    side('lokr_w1_b', 0) ??
    side('vera_lambda_d', 0);
  return rank === undefined ? null : rank / experts;
}

export interface ScaleOptions {
  kind: string;
  /** the name as the file spells it, of stacked experts with that of the parameter: patterns of the config are held against it */
  module: string;
  parts: ReadonlyMap<string, TensorRow>;
  /** what its own tensor says, of Kohya and Diffusers */
  alpha: number | null;
  settings: AdapterConfig | null;
  writer: AdapterWriter | null;
  /** of a stack whose factors are those of all experts: how many they are, if the base has told */
  experts?: number;
}

/**
 * alpha / r, alpha / sqrt r with rank stabilisation; MLX's own scale; 1 of kinds that have none. Null if it is not known. A file of
 * Diffusers or Kohya without an alpha means alpha = r (diffusers/utils/state_dict_utils.py, sd-scripts/networks/lora.py).
 */
export function scaleOf(options: ScaleOptions): number | null {
  const { kind, module, parts, alpha, settings, writer } = options;
  if (parts.has('lora_a')) return settings?.mlxScale ?? null;
  const rank = rankOf(parts, options.experts ?? expertsOf(options)) ?? settings?.rank ?? null;
  if (kind === 'VeRA') return 1;
  if (UNSCALED.has(kind)) return null;
  if (kind === 'AdaLoRA') {
    const first = settings?.firstRank ?? rank;
    if (first === null || settings?.alpha === undefined || settings.alpha === null) return null;
    return (settings.alpha > 0 ? settings.alpha : first) / (first + ADALORA_GUARD);
  }
  if (alpha !== null) return rank === null ? 1 : rank === 0 ? null : alpha / rank;
  if (!settings) return writer === 'kohya' || writer === 'diffusers' ? 1 : null;
  const own = settings.alphaPattern.find(([pattern]) => fits(pattern, module))?.[1];
  const stated = own ?? settings.alpha ?? (kind === 'LoHa' || kind === 'LoKr' ? DEFAULT_ALPHA : null);
  if (stated === null || rank === null || rank === 0) return null;
  return stated / (settings.rankStabilized ? Math.sqrt(rank) : rank);
}

export function whyNoScale({ parts, settings }: Pick<ScaleOptions, 'parts' | 'settings'>): string {
  if (parts.has('lora_a')) return 'its scale is not known: no adapter_config.json with lora_parameters lies beside it';
  return settings
    ? 'its scale is not known: adapter_config.json has no lora_alpha'
    : 'its scale is not known: no adapter_config.json lies beside it';
}

/** Of a stack of experts as its config tells: its factors have r rows for each. 1 of any other module. */
export function expertsOf({ module, parts, settings }: Pick<ScaleOptions, 'module' | 'parts' | 'settings'>): number {
  const rank = settings?.rank ?? 0;
  const sides = parts.get('lora_A')?.shape[0] ?? 0;
  if (!isTargetOf(settings, module) || rank === 0 || sides % rank !== 0) return 1;
  return Math.max(1, sides / rank);
}

/** Does the adapter change parameters of this module that are no module's weight (`target_parameters`)? */
export function isTargetOf(settings: AdapterConfig | null, module: string): boolean {
  const name = module.replace(/(\.base_layer)+$/, '');
  return (settings?.targetParameters ?? []).some((parameter) => {
    const holder = parameter.replace(/\.?[^.]+$/, '');
    const ends = [holder, parameter];
    return holder !== '' && ends.some((end) => name === end || name.endsWith(`.${end}`));
  });
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
