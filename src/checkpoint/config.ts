/** The few figures of config.json that say how fused tensors and heads divide. */
import { join, places } from '../bytes/index.ts';
import { CONFIG_FILES, ProblemList } from '../formats/index.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type { ModelConfig } from '../protocol/engine.ts';

/** Real ones have kilobytes; the longest seen, with a quantization list, has 24 kB. */
const MAX_CONFIG_BYTES = 10 * 1024 * 1024;

export interface ConfigFile {
  /** null if there is no file, or not a usable one */
  text: string | null;
  config: ModelConfig | null;
  /** why a file that is there is not used: a checkpoint opens without it */
  problems: ProblemList;
}

const WITHOUT = 'Heads, fused matrices and the memory estimate are judged without it: download it again.';

/** config.json of a folder, or params.json if that names heads. Throws cancelled only. */
export async function readConfig(folder: string, signal?: AbortSignal): Promise<ConfigFile> {
  const [config, params] = CONFIG_FILES;
  if ((await places.stamp(join(folder, config))) !== null) return readConfigFile(folder, config, signal);
  const none: ConfigFile = { text: null, config: null, problems: new ProblemList(config) };
  if ((await places.stamp(join(folder, params))) === null) return none;
  // The name is a common one: a file that says nothing of a model is another program's.
  const found = await readConfigFile(folder, params, signal);
  return found.config?.attentionHeads == null ? none : found;
}

async function readConfigFile(folder: string, file: string, signal?: AbortSignal): Promise<ConfigFile> {
  const problems = new ProblemList(file);
  const none: ConfigFile = { text: null, config: null, problems };
  try {
    const source = await places.open(join(folder, file));
    try {
      if (source.sizeBytes > MAX_CONFIG_BYTES) {
        const text = `it has ${source.sizeBytes} bytes, more than the ${MAX_CONFIG_BYTES} that are read.`;
        problems.add('warning', 'config-too-large', text, WITHOUT);
        return none;
      }
      const bytes = new Uint8Array(source.sizeBytes);
      await source.read(0, bytes, signal);
      const text = new TextDecoder().decode(bytes);
      const config = parseModelConfig(text);
      if (config) return { text, config, problems };
      problems.add('warning', 'config-invalid', 'it is not a JSON object.', WITHOUT);
      return none;
    } finally {
      await source.close();
    }
  } catch (error) {
    if (signal?.aborted || !(error instanceof OffaxisError)) throw error;
    problems.add('warning', 'config-unreadable', `it could not be read: ${error.message}`, WITHOUT);
    return none;
  }
}

/** null if the text is not a JSON object. Multimodal models keep the language model's figures in `text_config`. */
export function parseModelConfig(text: string): ModelConfig | null {
  const parsed = objectsOf(text);
  if (!parsed) return null;
  const { root, number } = parsed;
  const modelType = own(root, 'model_type');
  const hiddenSize = number('hidden_size', 'n_embd', 'd_model', 'dim');
  const attentionHeads = number('num_attention_heads', 'n_head', 'n_heads', 'num_heads');
  const divides = hiddenSize !== null && attentionHeads !== null && hiddenSize % attentionHeads === 0;
  const vision = visionOf(root);
  const multiQuery = own(root, 'multi_query') === true && own(root, 'new_decoder_architecture') !== true;
  return {
    modelType: typeof modelType === 'string' ? modelType : null,
    layers: number('num_hidden_layers', 'n_layer', 'n_layers', 'num_layers'),
    hiddenSize,
    attentionHeads,
    keyValueHeads:
      number('num_key_value_heads', 'multi_query_group_num', 'n_kv_heads') ??
      (multiQuery ? 1 : (number('num_kv_heads') ?? attentionHeads)),
    headDim: number('head_dim', 'kv_channels') ?? (divides ? hiddenSize / attentionHeads : null),
    ...(vision && { vision }),
  };
}

/** Heads of a vision tower, as its own part of config.json has them. */
function visionOf(root: object): ModelConfig['vision'] | null {
  const config = own(root, 'vision_config');
  if (!isObject(config)) return null;
  const number = (...keys: string[]): number | null => numberIn([config], keys);
  const hidden = number('hidden_size', 'embed_dim', 'width');
  const attentionHeads = number('num_attention_heads', 'num_heads', 'heads', 'n_heads');
  if (attentionHeads === null) return null;
  const divides = hidden !== null && hidden % attentionHeads === 0;
  return {
    attentionHeads,
    keyValueHeads: number('num_key_value_heads') ?? attentionHeads,
    headDim: number('head_dim') ?? (divides ? hidden / attentionHeads : null),
  };
}

/** What config.json says of the tensors beside the figures of `ModelConfig`; null if it does not say. */
export interface StatedShapes {
  /** what the model is called: a hub's name, or a path on whoever's machine */
  name: string | null;
  vocabulary: number | null;
  /** of a mixture, in each layer that has one */
  experts: number | null;
  /** columns of the embedding, if they are not the model's width */
  embeddingWidth: number | null;
  /** of the dense MLP */
  intermediate: number | null;
  /** of the second stack of an encoder-decoder */
  decoderLayers: number | null;
  /** layers behind the model's own that predict further tokens */
  extraLayers: number;
  /** Is the output head the embedding? */
  tiedHead: boolean | null;
  /** a model with an output head, by the class that it names */
  hasHead: boolean;
}

/** null if the text is not a JSON object. Keys as Transformers' configuration classes call them. */
export function parseStatedShapes(text: string): StatedShapes | null {
  const parsed = objectsOf(text);
  if (!parsed) return null;
  const { root, nested, number } = parsed;
  const tied = [nested, root].map((source) => source && own(source, 'tie_word_embeddings'));
  const architectures = own(root, 'architectures');
  const names = Array.isArray(architectures) ? architectures.map(String) : [];
  // Gemma 4 doubles the width of the layers that share their cache.
  const oneWidth = ![nested, root].some((source) => source && own(source, 'use_double_wide_mlp') === true);
  const name = own(root, '_name_or_path');
  return {
    name: typeof name === 'string' && name !== '' ? name : null,
    vocabulary: number('padded_vocab_size', 'vocab_size'),
    experts: number('num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts', 'num_moe_experts'),
    embeddingWidth: number('embedding_size', 'word_embed_proj_dim'),
    intermediate: oneWidth ? number('intermediate_size_mlp', 'intermediate_size', 'd_ff', 'ffn_dim', 'n_inner') : null,
    decoderLayers: number('num_decoder_layers', 'decoder_layers'),
    extraLayers: number('num_nextn_predict_layers', 'mtp_num_hidden_layers') ?? 0,
    tiedHead: tied.find((value): value is boolean => typeof value === 'boolean') ?? null,
    hasHead: names.some((name) => name.endsWith('ForCausalLM')),
  };
}

/** A config's object, the language model's within it, and a way to look a positive integer up, there first. */
function objectsOf(
  text: string,
): { root: object; nested: object | undefined; number: (...keys: string[]) => number | null } | null {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(root)) return null;
  const whole = root;
  const nested = ['text_config', 'llm_config', 'language_config'].map((key) => own(whole, key)).find(isObject);
  const number = (...keys: string[]): number | null => numberIn(nested ? [nested, whole] : [whole], keys);
  return { root, nested, number };
}

/** The first positive integer under one of the keys. */
function numberIn(sources: readonly object[], keys: readonly string[]): number | null {
  for (const source of sources) {
    for (const key of keys) {
      const value = own(source, key);
      if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    }
  }
  return null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function own(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
