/** Kinds of adapters by the names that people use. */

/** `peft_type` of adapter_config.json. PEFT 0.21, src/peft/utils/peft_types.py. */
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
  ['TRAINABLE_TOKENS', 'Trainable tokens'],
  ['LN_TUNING', 'LN tuning'],
  ['PROMPT_TUNING', 'Prompt tuning'],
  ['MULTITASK_PROMPT_TUNING', 'Multitask prompt tuning'],
  ['PREFIX_TUNING', 'Prefix tuning'],
  ['P_TUNING', 'P-tuning'],
  ['CPT', 'CPT'],
  ['CARTRIDGE', 'Cartridge'],
  ['ADAPTION_PROMPT', 'LLaMA-Adapter'],
  ['POLY', 'Poly'],
  ['HRA', 'HRA'],
  ['VBLORA', 'VB-LoRA'],
  ['PVERA', 'PVeRA'],
  ['FOURIERFT', 'FourierFT'],
  ['WAVEFT', 'WaveFT'],
  ['BONE', 'Bone'],
  ['MISS', 'MiSS'],
  ['RANDLORA', 'RandLoRA'],
  ['SHIRA', 'SHiRA'],
  ['C3A', 'C3A'],
  ['ROAD', 'RoAd'],
  ['OSF', 'OSF'],
  ['DELORA', 'DeLoRA'],
  ['GRALORA', 'GraLoRA'],
  ['HIRA', 'HiRA'],
  ['TINYLORA', 'TinyLoRA'],
  ['UNILORA', 'Uni-LoRA'],
  ['GLORA', 'GLoRA'],
  ['PSOFT', 'PSOFT'],
]);

/** Kinds that change what a model reads, and no weight of it. */
const OF_THE_INPUT = new Set([
  'Prompt tuning',
  'Multitask prompt tuning',
  'Prefix tuning',
  'P-tuning',
  'CPT',
  'Cartridge',
]);

/** The kind's usual name, by `peft_type` if there is one, else by the names of its parts. */
export function adapterKind(peftType: string | null, parts: ReadonlySet<string>): string {
  if (peftType !== null) return KINDS.get(peftType.toUpperCase()) ?? peftType.slice(0, 40);
  const has = (start: string): boolean => [...parts].some((part) => part.startsWith(start));
  if (has('lora_E')) return 'AdaLoRA';
  if (has('hada')) return 'LoHa';
  if (has('lokr')) return 'LoKr';
  if (has('lora_magnitude') || has('dora_scale')) return 'DoRA';
  if (has('lora')) return 'LoRA';
  if (has('ia3')) return 'IA3';
  if (has('vera')) return 'VeRA';
  if (has('boft')) return 'BOFT';
  if (has('oft')) return 'OFT';
  return parts.size > 0 ? 'Trainable tokens' : 'Prompt tuning';
}

/** Does this kind leave every weight as it is? */
export function isOfTheInput(kind: string): boolean {
  return OF_THE_INPUT.has(kind);
}
