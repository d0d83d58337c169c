/** Names of adapters' tensors: who wrote them, the module that they change, and what part of its update they are. */
import { dottedKohya } from './kohya.ts';

/** What a tensor of an adapter is, of the module that it changes. */
export interface AdapterName {
  /** the module's name as the file spells it, without wrappers, and with dots: "model.layers.0.self_attn.q_proj" */
  module: string;
  /** "lora_A", "lora_embedding_B", "hada_w1_a", "ia3_l" ... as PEFT calls it, whoever wrote the file */
  part: string;
  /** the name that it has among several of one model: "default" of "lora_A.default.weight"; null in a file of its own */
  adapter: string | null;
}

/** Other writers' words for PEFT's parts: Diffusers, Kohya, LyCORIS. */
const SPELLINGS = new Map([
  ['lora.down', 'lora_A'],
  ['lora.up', 'lora_B'],
  ['lora_linear_layer.down', 'lora_A'],
  ['lora_linear_layer.up', 'lora_B'],
  ['lora_down', 'lora_A'],
  ['lora_up', 'lora_B'],
]);
const PARTS = [
  String.raw`lora_(?:embedding_)?[ABE]`,
  // MLX; with the scales of one that it has quantised
  String.raw`lora_[ab](?:_scales|_biases)?`,
  String.raw`lora(?:\.|_linear_layer\.|_)(?:down|up)`,
  'lora_mid',
  'lora_magnitude_vector',
  String.raw`hada_(?:w[12]_[ab]|t[12])`,
  String.raw`lokr_(?:w[12](?:_[ab])?|t2)`,
  'ia3_l',
  String.raw`p?vera_lambda_[bd]`,
  String.raw`oft_(?:[rRs]|embedding_R|diag|blocks)`,
  String.raw`boft_[RsP]`,
  'trainable_tokens_delta',
  'dora_scale',
  // kinds that are named and not computed
  'hra_u',
  'fourierft_spectrum',
  String.raw`(?:vb|rand|de|gra|tiny|uni|g)lora_\w+`,
].join('|');
/** Looked for first: models have half a million names. */
const HINT = /lora|hada_|lokr_|ia3_l|vera_lambda|oft_|trainable_tokens|dora_scale|hra_u|fourierft/;
const FACTOR = new RegExp(String.raw`^(.+?)\.(${PARTS})(?:\.(?!(?:weight|bias)$)([\w-]+))?(?:\.(weight|bias))?$`);
/** Diffusers before 0.20 put the factors of a projection into the processor of its attention: "attn1.processor.to_q_lora.down". */
const IN_PROCESSOR = /(?:\.processor)?\.(\w+)_lora\.(down|up)\.weight$/;
/** What prompt learning keeps: vectors before the input, of no weight. */
const PROMPT = /(^|\.)prompt_(embeddings|encoder)(\.|$)/;
/** The projections that all modules of a VeRA adapter share. */
const SHARED = /(?:^|\.)(vera_[AB])(?:\.[\w-]+)?$/;
const WRAPPERS = /^(base_model\.model\.)+|\.modules_to_save(\.\w+)?|\.token_adapter/g;

/** What the name says, or null if it is not a factor of an update. */
export function adapterName(name: string): AdapterName | null {
  if (!HINT.test(name)) return null;
  const found = FACTOR.exec(dottedKohya(name) ?? name.replace(IN_PROCESSOR, asProjection));
  if (!found) return null;
  const [, module = '', part = '', adapter, last] = found;
  const spelled = SPELLINGS.get(part) ?? part;
  return {
    module: module.replace(WRAPPERS, ''),
    part: last === 'bias' ? `${spelled}.bias` : spelled,
    adapter: adapter ?? null,
  };
}

function asProjection(_: string, projection: string, side: string): string {
  return `.${projection === 'to_out' ? 'to_out.0' : projection}.lora.${side}.weight`;
}

/** "vera_A" or "vera_B" if the tensor is that of all modules of an adapter, else null. */
export function sharedPart(name: string): string | null {
  return SHARED.exec(name)?.[1] ?? null;
}

/** Is this tensor part of an adapter, not a weight? */
export function isAdapterPart(name: string): boolean {
  return PROMPT.test(name) || sharedPart(name) !== null || adapterName(name) !== null;
}

export type AdapterWriter = 'peft' | 'mlx' | 'diffusers' | 'kohya';

/** Which library's rules a name follows; null if the name alone does not tell. Diffusers names the model of its pipeline first. */
export function adapterWriter(name: string): AdapterWriter | null {
  if (dottedKohya(name) !== null) return 'kohya';
  if (name.startsWith('base_model.')) return 'peft';
  if (/\.lora_[ab]$/.test(name)) return 'mlx';
  if (/lora(?:\.|_linear_layer\.)(?:down|up)\./.test(name) || pipelineModel(name) !== null) return 'diffusers';
  return null;
}

/** "unet" of "unet.down_blocks.0": the model of a pipeline that a name begins with, or null. GPT-2's "transformer.h" is none. */
export function pipelineModel(name: string): string | null {
  return /^(unet|prior|transformer(?:_2)?|text_encoder(?:_\d)?|diffusion_model)\.(?!h\.\d)/.exec(name)?.[1] ?? null;
}
