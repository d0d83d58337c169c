/** Names of LoRA factors, as PEFT, MLX, Diffusers and Kohya write them. */

const FACTOR = /\.lora_(embedding_)?[AB](\.|$)|\.lora_(a|b|down|up)(\.|$)/;
/** The half that starts at zero, and DoRA's magnitudes, which start at the norms of the weight. */
const STARTS_UNIFORM = /lora_(embedding_)?B|lora_b$|lora_up|lora_magnitude/;

/** Is this tensor a factor of an update, not a weight? */
export function isLoraFactor(name: string): boolean {
  return FACTOR.test(name);
}

/** May a tensor of this name hold one value only, as it was initialised? */
export function startsUniform(name: string): boolean {
  return STARTS_UNIFORM.test(name.replace(/\.weight$/, ''));
}

/** "layers.0.self_attn.q_proj" of its weight and of its factors: what `target_modules` names. */
export function targetModule(name: string): string {
  return name.replace(/\.(lora_[AB](\.\w+)?\.)?weight$/, '');
}
