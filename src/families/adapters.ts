/** Names of adapters' tensors: which kind of adapter they belong to, the module that they change, and what part of its update they are. */

/** What a tensor of an adapter is, of the module that it changes. */
export interface AdapterName {
  /** the module's name as the file spells it, without wrappers: "model.layers.0.self_attn.q_proj" */
  module: string;
  /** "lora_A", "lora_embedding_B", "hada_w1_a", "ia3_l" ... as PEFT calls it, whoever wrote the file */
  part: string;
  /** the name that it has among several of one model: "default" of "lora_A.default.weight"; null in a file of its own */
  adapter: string | null;
}

/** Other writers' words for PEFT's parts: MLX, Diffusers, Kohya. */
const SPELLINGS = new Map([
  ['lora.down', 'lora_A'],
  ['lora.up', 'lora_B'],
  ['lora_down', 'lora_A'],
  ['lora_up', 'lora_B'],
]);
const PARTS = [
  String.raw`lora_(?:embedding_)?[ABE]`,
  String.raw`lora_[ab]`,
  String.raw`lora_(?:down|up)`,
  String.raw`lora\.(?:down|up)`,
  'lora_magnitude_vector',
  String.raw`hada_(?:w[12]_[ab]|t[12])`,
  String.raw`lokr_(?:w[12](?:_[ab])?|t2)`,
  'ia3_l',
  String.raw`vera_lambda_[bd]`,
  String.raw`oft_(?:[rR]|diag|blocks|s)`,
  String.raw`boft_[RsP]`,
  'trainable_tokens_delta',
  'dora_scale',
].join('|');
/** Looked for first: models have half a million names. */
const HINT = /lora|hada_|lokr_|ia3_l|vera_lambda|oft_|trainable_tokens|dora_scale/;
const FACTOR = new RegExp(String.raw`^(.+?)\.(${PARTS})(?:\.(?!(?:weight|bias)$)([\w-]+))?(?:\.(weight|bias))?$`);
/** What prompt learning keeps: vectors before the input, of no weight. */
const PROMPT = /(^|\.)prompt_(embeddings|encoder)(\.|$)/;
const WRAPPERS = /^(base_model\.model\.)+|\.modules_to_save(\.\w+)?/g;

/** What the name says, or null if it is not a factor of an update. */
export function adapterName(name: string): AdapterName | null {
  if (!HINT.test(name)) return null;
  const found = FACTOR.exec(name);
  if (!found) return null;
  const [, module = '', part = '', adapter, last] = found;
  const spelled = SPELLINGS.get(part) ?? part;
  return {
    module: module.replace(WRAPPERS, ''),
    part: last === 'bias' ? `${spelled}.bias` : spelled,
    adapter: adapter ?? null,
  };
}

/** Is this tensor part of an adapter, not a weight? */
export function isAdapterPart(name: string): boolean {
  return PROMPT.test(name) || adapterName(name) !== null;
}

/** `peft_type` of adapter_config.json by the names that people use. */
const KINDS = new Map([
  ['LORA', 'LoRA'],
  ['ADALORA', 'AdaLoRA'],
  ['LOHA', 'LoHa'],
  ['LOKR', 'LoKr'],
  ['IA3', 'IA3'],
  ['VERA', 'VeRA'],
  ['OFT', 'OFT'],
  ['BOFT', 'BOFT'],
  ['XLORA', 'X-LoRA'],
  ['PROMPT_TUNING', 'Prompt tuning'],
  ['MULTITASK_PROMPT_TUNING', 'Prompt tuning'],
  ['PREFIX_TUNING', 'Prefix tuning'],
  ['P_TUNING', 'P-tuning'],
]);

/** The kind's usual name, by `peft_type` if there is one, else by the names of its parts. */
export function adapterKind(peftType: string | null, parts: ReadonlySet<string>): string {
  if (peftType !== null) return KINDS.get(peftType.toUpperCase()) ?? peftType.slice(0, 40);
  const has = (start: string): boolean => [...parts].some((part) => part.startsWith(start));
  if (has('lora_E')) return 'AdaLoRA';
  if (has('lora_magnitude') || has('dora_scale')) return 'DoRA';
  if (has('lora')) return 'LoRA';
  if (has('hada')) return 'LoHa';
  if (has('lokr')) return 'LoKr';
  if (has('ia3')) return 'IA3';
  if (has('vera')) return 'VeRA';
  if (has('boft')) return 'BOFT';
  if (has('oft')) return 'OFT';
  return parts.size > 0 ? 'Trainable tokens' : 'Prompt tuning';
}
