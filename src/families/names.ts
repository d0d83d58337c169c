/** What a tensor's name says: layer, module, role, expert. A name that no family knows groups by its first integer. */
import type { TensorRow } from '../protocol/engine.ts';
import { dottedKohya } from './kohya.ts';
import { QUANTISATION_STATE } from './quantised.ts';
import { endsWithOne, everyFamily } from './registry.ts';

export type Role = TensorRow['role'];
export interface TensorName {
  layer: number | null;
  /** "self_attn.q_proj", "input_layernorm", "mlp.experts.down_proj" (experts drop their number) */
  module: string;
  role: Role;
  /** without wrappers and prefixes: equal for one weight under two ways of saving */
  normalized: string;
  /** number of the expert whose own tensor this is */
  expert: number | null;
}

/** Left by torch.compile, FSDP, activation checkpointing and PEFT anywhere in a name. Before factors PEFT's word tells parameters of one module apart. */
const WRAPPERS =
  /_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\.|\.base_layer(?!\.(?:base_layer\.)*lora_[AB]\b)|\.(?:modules_to_save|ln_tuning_layers)(\.default)?/g;
/** Containers round the language model, outermost first; stripped again and again until none is left. */
const PREFIXES = ['module.', 'base_model.model.', 'model.', 'language_model.', 'transformer.', 'gpt_neox.'];
/** llama.cpp's layers */
const BLOCK = /^blk\.(?=\d)/;
/** Two spellings of one parameter, by its end: TensorFlow's norms, and PyTorch's weight_norm before and since 2.0. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/((?:^|\.)(?:[^.]*norm[^.]*|ln[^.]*|bn[^.]*)\.)gamma$/i, '$1weight'],
  [/((?:^|\.)(?:[^.]*norm[^.]*|ln[^.]*|bn[^.]*)\.)beta$/i, '$1bias'],
  [/(^|\.)parametrizations\.(\w+)\.original0$/, '$1$2_g'],
  [/(^|\.)parametrizations\.(\w+)\.original1$/, '$1$2_v'],
];
/** Words before a layer's number. */
const LAYER_WORDS = new Set(['layers', 'layer', 'h', 'blocks', 'block']);
const SOLE_TOWERS = new Set(['', ...everyFamily(({ soleTowers }) => soleTowers)]);

/** Tables of angles, sines and cosines that the code of rotary positions makes anew. */
const ROTARY_BUFFERS = [
  String.raw`(^|[._])inv_freq$`,
  String.raw`(^|[._])(cos|sin|cos_sin)_?cached?$`,
  String.raw`(^|[._])freqs_(cis|cos|sin)$`,
  String.raw`(^|\.)rotary(_pos)?_emb(edding)?\.(cos|sin|freqs|scale)$`,
];
/** Added to scores of attention, and made anew by the code. */
const MASKS = String.raw`(^|[._])(causal|attn|attention)_mask$`;
/** Numbers that belong to weights or to the code. The projections' own biases have longer names than masks called "bias". */
const BOOKKEEPING = new RegExp(
  [...QUANTISATION_STATE, ...ROTARY_BUFFERS, MASKS, ...everyFamily(({ buffers }) => buffers)].join('|'),
);
const NORM = /norm|^ln($|_|\d)/i;
/** "embed_tokens", "pos_embedding", "word_embeddings" in any family; the rest each names itself. */
const EMBEDDING = new RegExp(
  `(^|[._])embed(ding)?s?(_|\\.|$)|^(${everyFamily(({ embeddings }) => embeddings).join('|')})(\\.|$)`,
);
const HEAD = new RegExp(
  `^(head|heads|score|v_head|${[...new Set(everyFamily(({ heads }) => heads))].join('|')})(\\.|$)`,
);
const STACKS = endsWithOne(everyFamily(({ stacks }) => stacks));

/** Never fails: every name has a module. */
export function describeName(name: string): TensorName {
  const normalized = normalizeName(dottedKohya(name) ?? name);
  const parts = normalized.split('.');
  const at = parts.findIndex((part) => layerNumber(part) !== null);
  const layer = at < 0 ? null : layerNumber(parts[at] as string);
  let prefix = at < 0 ? [] : parts.slice(0, at);
  let rest = at < 0 ? parts : parts.slice(at + 1);
  if (LAYER_WORDS.has(prefix.at(-1) ?? '')) prefix = prefix.slice(0, -1);
  if (SOLE_TOWERS.has(prefix.join('.'))) prefix = [];
  if (rest.length > 1 && rest.at(-1) === 'weight') rest = rest.slice(0, -1);
  const experts = rest.findIndex((part) => part.endsWith('experts'));
  const numbered = experts < 0 ? -1 : rest.findIndex((part, i) => i > experts && /^\d+$/.test(part));
  const expert = numbered < 0 ? null : Number(rest[numbered]);
  if (numbered >= 0) rest = rest.filter((_, i) => i !== numbered);
  const module = [...prefix, ...rest].join('.') || normalized;
  return { layer, module, role: roleOf(normalized, module, layer), normalized, expert };
}

/** Number of the expert whose own tensor this is; null for a stack of all, and outside a mixture. */
export function expertOf(name: string): number | null {
  const digits = /experts\.(?:[a-z]\w*\.)*(\d{1,9})(\.|$)/i.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The same of a matrix: an expert of a stack is "NAME#7", its part "NAME#7#gate". */
export function expertOfMatrix(name: string): number | null {
  const digits = /#(\d{1,9})(#|$)/.exec(name)?.[1];
  return digits === undefined ? expertOf(name) : Number(digits);
}

export function normalizeName(name: string): string {
  let text = name.replace(WRAPPERS, '');
  for (let before = ''; before !== text;) {
    before = text;
    for (const prefix of PREFIXES)
      if (text.length > prefix.length && text.startsWith(prefix)) text = text.slice(prefix.length);
  }
  text = text.replace(BLOCK, 'layers.');
  // Most of half a million names end so, and none of these does.
  if (text.endsWith('weight')) return text;
  for (const [old, now] of SPELLINGS) text = text.replace(old, now);
  return text;
}

/** [E, a, b] of a mixture of experts; other tensors of three axes (convolutions) are not stacks of matrices */
export function isExpertStack(module: string): boolean {
  return (/(^|\.)experts?(\.|$)/.test(module) || STACKS.test(module)) && !isBias(module);
}

/** "q_proj.bias", "gate_up_proj_bias"; with two axes a stack of vectors, one an expert, not a matrix */
export function isBias(module: string): boolean {
  return /(^|[._])bias$/.test(module);
}

/**
 * Does the module turn tokens into rows or rows into tokens? Wherever it stands (a layer that predicts more tokens has its own), it may
 * be tied to another one: one table, stored again.
 */
export function isTokenTable(module: string): boolean {
  const parts = module.replace(/\.weight$/, '').split('.');
  return EMBEDDING.test(module) || parts.some((_, at) => HEAD.test(parts.slice(at).join('.')));
}

/** No letter comes before it. */
const NINE = '9'.charCodeAt(0);

/** "12", "layer3", "block_7" */
function layerNumber(part: string): number | null {
  if (!(part.charCodeAt(part.length - 1) <= NINE)) return null;
  const digits = /^(?:(?:layers?|blocks?)[_-]?)?(\d{1,9})$/.exec(part)?.[1];
  return digits === undefined ? null : Number(digits);
}

function roleOf(normalized: string, module: string, layer: number | null): Role {
  if (BOOKKEEPING.test(normalized)) return 'bookkeeping';
  const owner = module.replace(/\.(weight|bias)$/, '');
  if (NORM.test(owner.slice(owner.lastIndexOf('.') + 1))) return 'norm';
  if (layer !== null) return 'block';
  if (HEAD.test(module)) return 'head';
  return EMBEDDING.test(module) ? 'embedding' : 'other';
}
