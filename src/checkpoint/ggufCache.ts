/**
 * What a server keeps of earlier tokens by the metadata of a GGUF file (gguf-py, constants.py: `<architecture>.block_count`,
 * `.attention.head_count_kv`, `.attention.key_length` and their like).
 */
import { isEncoder, otherState } from '../families/index.ts';
import { cacheBytes, type CacheEstimate } from '../protocol/health.ts';
import { ARCHITECTURE } from './ggufModel.ts';

const DIFFER = 'its layers differ in heads or head width';
/** Keys of the metadata alone; those that are called as in config.json the families know. */
const OTHERS: Readonly<Record<string, string>> = {
  'attention.shared_kv_layers': 'some layers share their cache',
  'attention.key_length_swa': DIFFER,
  'shortconv.l_cache': 'only some layers cache keys and values',
  decoder_start_token_id: 'encoder-decoders cache the encoder’s output as well',
};

/** The figures, or why there are none; null if it is not the metadata of a GGUF file. */
export function ggufCache(metadata: ReadonlyMap<string, string> | undefined): CacheEstimate | string | null {
  const architecture = metadata?.get(ARCHITECTURE);
  if (metadata === undefined || architecture === undefined) return null;
  const prefix = `${architecture}.`;
  const values = new Map(
    [...metadata].flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])),
  );
  const number = (key: string): number | null => natural(values.get(key));
  if (values.get('attention.causal') === 'false' || isEncoder(architecture)) return 'an encoder keeps no cache';
  for (const [key, why] of Object.entries(OTHERS)) if (isSet(values.get(key))) return why;
  const named = [...values].filter(([, value]) => isSet(value)).map(([key]) => key.slice(key.lastIndexOf('.') + 1));
  const other = otherState(named);
  if (other !== null) return other;
  const queryHeads = alike(values.get('attention.head_count'));
  const heads = values.has('attention.head_count_kv') ? alike(values.get('attention.head_count_kv')) : queryHeads;
  if (heads === 'differ') return DIFFER;
  const width = number('embedding_length');
  const share = width !== null && typeof queryHeads === 'number' ? width / queryHeads : null;
  const [headDim, valueDim] = ['key_length', 'value_length'].map((key) => number(`attention.${key}`) ?? share);
  const blocks = number('block_count');
  if (blocks === null || heads === null || !Number.isInteger(headDim) || headDim == null)
    return 'the metadata do not say how many layers, key/value heads and dimensions a head there are';
  if (valueDim !== headDim) return 'its keys and values differ in width';
  // Layers behind the model's own that predict further tokens keep nothing.
  const layers = blocks - (number('nextn_predict_layers') ?? 0);
  const window = number('attention.sliding_window');
  const windowLayers = window === null ? 0 : windowed(values.get('attention.sliding_window_pattern'), layers);
  if (windowLayers === null) return 'the metadata name a sliding window, but not which layers have it';
  const cache: CacheEstimate = {
    fullLayers: layers - windowLayers,
    windowLayers,
    window: windowLayers ? window : null,
    keyValueHeads: heads,
    headDim,
    elementBytes: 2,
    elementType: 'float16, as llama.cpp keeps it',
    bytesPerToken: 0,
    contextTokens: number('context_length'),
  };
  return { ...cache, bytesPerToken: cacheBytes(cache, 1) };
}

function natural(text: string | undefined): number | null {
  const value = Number(text ?? NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}
const isSet = (text: string | undefined): boolean => text !== undefined && !['', '0', 'false'].includes(text);

/** One number, or one for each layer. */
function alike(text: string | undefined): number | 'differ' | null {
  const [first, ...others] = new Set(text?.split(', '));
  return others.length > 0 ? 'differ' : natural(first);
}

/** How many layers have the window: said layer by layer. A period alone leaves open with which kind it begins. */
function windowed(pattern: string | undefined, layers: number): number | null {
  const each = pattern?.split(', ') ?? [];
  const isEach = each.length >= layers && each.every((one) => one === 'true' || one === 'false');
  return isEach ? each.slice(0, layers).filter((one) => one === 'true').length : null;
}
