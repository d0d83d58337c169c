/**
 * Names of Kohya's and LyCORIS's adapters: the path of a module with "_" for every ".", behind a word for the model of the pipeline that
 * it belongs to. Which "_" was a "." is not written down: it is told by the words that Diffusers, LDM and CLIP have in their names.
 */

/** The words of sd-scripts, OneTrainer and LyCORIS for the models of a pipeline, as Diffusers calls their folders. */
const MODELS: readonly (readonly [word: string, folder: string])[] = [
  ['prior_unet', 'prior'],
  ['prior_te', 'text_encoder'],
  ['unet', 'unet'],
  ['transformer', 'transformer'],
  ['te1', 'text_encoder'],
  ['te2', 'text_encoder_2'],
  ['te3', 'text_encoder_3'],
  ['te', 'text_encoder'],
];

/** Parts of paths that have a "_" of their own; a number between two dots is none of them. */
const WORDS = [
  // blocks
  String.raw`(?:down|up|mid|input|output|middle|double|single|joint|context|x|attention|transformer|single_transformer|temporal_transformer|double_stream|single_stream)_blocks?`,
  String.raw`(?:noise|context)_refiner`,
  'motion_modules',
  'temporal_transformer',
  // attention
  String.raw`(?:self|cross|img|txt|image|text|temp|encoder)_attn`,
  String.raw`(?:self|cross)_attention`,
  String.raw`(?:add_)?(?:q|k|v|o|qkv|out|gate|up|down|gate_up|in|mlp|linear)_proj`,
  String.raw`to_(?:q|k|v|qkv|kv|out|add_out|gate|gate_logits|added_qkv)`,
  String.raw`(?:proj|conv)_(?:in|out|shortcut|mlp|x)`,
  String.raw`(?:attn|attention|ffn)_norm\d*`,
  String.raw`norm_(?:q|k|v|out|added_q|added_k)`,
  // feed-forward
  String.raw`(?:img|txt|ff)_(?:mlp|mod|context)`,
  'feed_forward',
  String.raw`wi_[01]`,
  // text encoders
  String.raw`(?:text|vision)_model`,
  String.raw`(?:final_)?layer_norm\d*`,
  String.raw`(?:position|token)_embedding`,
  // embeddings and ends
  String.raw`time_(?:emb_proj|embed|embedding|in|text_embed|projection)`,
  String.raw`(?:add|label|image|guidance)_(?:embedding|emb|embedder)`,
  String.raw`(?:emb|in|out)_layers`,
  String.raw`(?:img|txt|vector|guidance|context|clip|final)_(?:in|layer)`,
  String.raw`(?:timestep|text|context|guidance|x|t|y|cap|pos)_embedder`,
  String.raw`linear_[12]`,
  'skip_connection',
  'adaLN_modulation',
];
const WORD = new RegExp(`^(?:${WORDS.join('|')})$`);
/** words between "_" that one part of a path has at most */
const LONGEST = 4;

/** "unet.down_blocks.0.attn1.to_q.lora_down.weight" of "lora_unet_down_blocks_0_attn1_to_q.lora_down.weight"; null of other names. */
export function dottedKohya(name: string): string | null {
  const found = /^(?:lora|lycoris)_(\w+_\w+)(\..+)$/.exec(name);
  if (!found) return null;
  const [, path = '', rest = ''] = found;
  // Without a model's word a path may begin with one: "transformer_blocks_0".
  const model = MODELS.find(([word]) => path.startsWith(`${word}_`) && !path.startsWith(`${word}_blocks_`));
  const words = (model ? path.slice(model[0].length + 1) : path).split('_');
  const parts = model ? [model[1]] : [];
  for (let at = 0; at < words.length;) {
    let length = Math.min(LONGEST, words.length - at);
    while (length > 1 && !WORD.test(words.slice(at, at + length).join('_'))) length--;
    parts.push(words.slice(at, at + length).join('_'));
    at += length;
  }
  return `${parts.join('.')}${rest}`;
}
