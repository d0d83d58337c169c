/** Names of LoRA factors, as PEFT, MLX, Diffusers and Kohya write them. */

/** The half that starts at zero. */
const STARTS_AT_ZERO =
  /lora_(embedding_)?[BE]|lora_b$|lora[._](linear_layer\.)?up|_lora\.up|hada_w2_[ab]|lokr_w[12]|vera_lambda_b|oft_[rR]/;

/** May a tensor of this name hold nothing but zeros, as it was initialised? */
export function startsAtZero(name: string): boolean {
  return STARTS_AT_ZERO.test(name.replace(/\.weight$/, ''));
}

/** May it hold one value only? DoRA's magnitudes start at the norms of the weight. */
export function startsUniform(name: string): boolean {
  return startsAtZero(name) || /lora_magnitude/.test(name);
}

/** "layers.0.self_attn.q_proj" of its weight and of its factors: what `target_modules` names. */
export function targetModule(name: string): string {
  return name.replace(/\.(lora_[AB](\.\w+)?\.)?weight$/, '');
}
