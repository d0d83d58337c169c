/** Names of the state of quantisation: scales, zero points, code books. They belong to a weight and are none themselves. */

export const QUANTISATION_STATE: readonly string[] = [
  String.raw`(^|[._])(weight_scale(_inv|_2)?|(input|output|activation|k|v|q|global|weight_global|input_global)_scale|weight_shape|weight_format|comfy_quant)$`,
  String.raw`(^|[._])((weight_|input_)?zero_point|qzeros|(weight_)?g_idx|scales|(nested_)?absmax|(nested_)?quant_map|SCB|qscale)$`,
  String.raw`(^|\.)(quant_state|bitsandbytes__)`,
];
