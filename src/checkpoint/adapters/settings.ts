/** What an adapter's writer says of it: PEFT's and MLX's adapter_config.json, Diffusers' metadata. What the factors' names do not say. */

export interface AdapterConfig {
  peftType: string | null;
  /** "0.18.0" of PEFT, which writes it since then */
  peftVersion: string | null;
  rank: number | null;
  /** AdaLoRA: of the factors before its budget took some */
  firstRank: number | null;
  alpha: number | null;
  /** alpha of the modules that match a pattern */
  alphaPattern: [pattern: string, alpha: number][];
  /** MLX: what its update is multiplied by, whatever the rank */
  mlxScale: number | null;
  rankStabilized: boolean;
  dora: boolean;
  /** how the factors began: "true" is the plain way, in which B is zero */
  initialisation: string;
  base: string | null;
  /** branch, tag or commit of the base on the hub: `revision`; null for its main branch */
  baseRevision: string | null;
  /** tokens whose rows the adapter replaces, by the module (null: of the input embedding) */
  tokens: [module: string | null, rows: number[]][];
  /** parameters of three axes that it changes: "mlp.experts.gate_up_proj" */
  targetParameters: string[];
  rotation: RotationSettings;
  /** a setting that makes the update another one than its factors say, with what it does; null if there is none */
  special: string | null;
}

/** OFT's: PEFT 0.21, src/peft/tuners/oft/config.py */
export interface RotationSettings {
  /** keeps each block within eps of the identity */
  coft: boolean;
  eps: number;
  /** one block for all */
  shared: boolean;
  /** terms of the Neumann series that stands for the inverse; null: the inverse itself */
  terms: number | null;
}

/** Settings of LoRA that change what the factors mean. PEFT 0.21, src/peft/tuners/lora/config.py */
const SPECIAL: readonly (readonly [key: string, text: string])[] = [
  ['alora_invocation_tokens', 'its update is on only after a certain sequence of tokens (aLoRA)'],
  ['arrow_config', 'a router mixes several adapters anew for every token (Arrow)'],
  ['layer_replication', 'it repeats layers of the base (layer_replication)'],
  ['use_qalora', 'its first factor reads means over groups of inputs (QA-LoRA)'],
  ['use_bdlora', 'its factors are blocks of a diagonal (BD-LoRA)'],
  ['kasa_config', 'it has taken the least singular values off the base (KaSA)'],
];

type Fields = ReadonlyMap<string, unknown>;

/** The fields of a JSON object; null if the text is none. */
export function fieldsOf(text: string): Fields | null {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return null;
  }
  return asFields(root);
}

function asFields(value: unknown): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map<string, unknown>(Object.entries(value));
}

export function settingsOf(fields: Fields): AdapterConfig {
  const number = (...keys: string[]): number | null => {
    const value = keys.map((key) => fields.get(key)).find((one) => typeof one === 'number');
    return value ?? null;
  };
  const text = (key: string): string | null => {
    const value = fields.get(key);
    return typeof value === 'string' ? value : null;
  };
  const initialisation = fields.get('init_lora_weights');
  const special = SPECIAL.find(([key]) => ![undefined, null, false].includes(fields.get(key) as null));
  const mlx = asFields(fields.get('lora_parameters'));
  return {
    peftType: text('peft_type'),
    peftVersion: text('peft_version'),
    rank: number('r', 'rank') ?? numberIn(mlx, 'rank'),
    firstRank: number('init_r'),
    // LoHa and LoKr call it alpha.
    alpha: number('lora_alpha', 'alpha'),
    alphaPattern: [...(asFields(fields.get('alpha_pattern')) ?? [])].filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number',
    ),
    mlxScale: mlx ? mlxScale(mlx, fields.has('fine_tune_type')) : null,
    rankStabilized: fields.get('use_rslora') === true,
    dora: fields.get('use_dora') === true || text('fine_tune_type') === 'dora',
    initialisation: typeof initialisation === 'string' ? initialisation.toLowerCase() : 'true',
    base: text('base_model_name_or_path') ?? (mlx ? text('model') : null),
    baseRevision: text('revision'),
    tokens: tokensOf(fields.get('trainable_token_indices') ?? fields.get('token_indices')),
    targetParameters: strings(fields.get('target_parameters')),
    rotation: {
      coft: fields.get('coft') === true,
      eps: number('eps') ?? 6e-5,
      shared: fields.get('block_share') === true,
      terms: fields.get('use_cayley_neumann') === true ? (number('num_cayley_neumann_terms') ?? 5) : null,
    },
    special: special?.[1] ?? null,
  };
}

/**
 * mlx-lm multiplies by `scale` alone (mlx_lm/tuner/lora.py); its versions before `fine_tune_type` was written had an `alpha` too, and
 * multiplied by scale alpha / rank.
 */
function mlxScale(parameters: Fields, recent: boolean): number | null {
  const scale = numberIn(parameters, 'scale');
  const [alpha, rank] = [numberIn(parameters, 'alpha'), numberIn(parameters, 'rank')];
  return recent || scale === null || alpha === null || rank === null ? scale : (scale * alpha) / rank;
}

function numberIn(fields: Fields | null, key: string): number | null {
  const value = fields?.get(key);
  return typeof value === 'number' ? value : null;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** A list is of the input embedding; an object has a list for each module. */
function tokensOf(value: unknown): AdapterConfig['tokens'] {
  const rows = (list: unknown): number[] =>
    Array.isArray(list) ? list.filter((one): one is number => Number.isInteger(one)) : [];
  if (Array.isArray(value)) return [[null, rows(value)]];
  return [...(asFields(value) ?? [])].map(([module, list]) => [module, rows(list)]);
}

/**
 * Diffusers' `lora_adapter_metadata` of a file's header: PEFT's settings of each model of the pipeline under "unet.", "transformer.",
 * "text_encoder." (src/diffusers/loaders/lora_base.py). By that word.
 */
export function metadataSettings(text: string | undefined): ReadonlyMap<string, AdapterConfig> {
  const fields = text === undefined ? null : fieldsOf(text);
  const models = new Map<string, Map<string, unknown>>();
  for (const [key, value] of fields ?? []) {
    const [, model, setting] = /^([^.]+)\.(.+)$/.exec(key) ?? [];
    if (model === undefined || setting === undefined) continue;
    const own = models.get(model) ?? new Map<string, unknown>();
    models.set(model, own.set(setting, value));
  }
  return new Map([...models].map(([model, own]) => [model, settingsOf(own)]));
}

/** "0.18.1.dev0@abc" is since 0.18; a version that is not written down is not. */
export function isSince(version: string | null, major: number, minor: number): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (first === undefined || second === undefined) return false;
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

/** Initialisations that start from data, or from a quantisation: what they took out of the base is not worked out from it. */
export function needsInitial(word: string): boolean {
  return /^(corda|loftq|eva|lora_ga)/.test(word);
}
