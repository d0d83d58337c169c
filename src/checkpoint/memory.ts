/** Memory to hold a model, from its header and config.json: an estimate, or none if the formula does not hold. */
import { isAdapterPart, isEncoder, isWindowedThroughout, otherState } from '../families/index.ts';
import type { ModelConfig, TensorRow } from '../protocol/engine.ts';
import { cacheBytes, type CacheEstimate, type MemoryEstimate } from '../protocol/health.ts';

const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ['float32', 4],
  ['float16', 2],
  ['bfloat16', 2],
]);

/**
 * `configText`: config.json, or null. `inFile`: what the file itself says of the cache, for when there is none. Never fails: what is not
 * known is said in `reason`.
 */
export function estimateMemory(
  tensors: Iterable<TensorRow>,
  config: ModelConfig | null,
  configText: string | null,
  inFile: CacheEstimate | string | null = null,
): MemoryEstimate {
  const byType = new Map<string, number>();
  let unknownTensors = 0;
  let adapter = false;
  for (const row of tensors) {
    adapter ||= isAdapterPart(row.name);
    if (row.missing || row.offset === null) unknownTensors++;
    else byType.set(row.dtype, (byType.get(row.dtype) ?? 0) + row.sizeBytes);
  }
  const weights = [...byType]
    .map(([dtype, sizeBytes]) => ({ dtype, sizeBytes }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
  const weightsBytes = weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const said = configText === null ? inFile : null;
  const cache = adapter ? 'an adapter is served on top of its base: open that' : (said ?? cacheOf(config, configText));
  return {
    weightsBytes,
    weights,
    unknownTensors,
    cache: typeof cache === 'string' ? null : cache,
    reason: typeof cache === 'string' ? cache : null,
  };
}

/** The cache's figures, or why there are none. */
function cacheOf(config: ModelConfig | null, configText: string | null): CacheEstimate | string {
  if (config === null || configText === null) return 'there is no config.json beside the checkpoint';
  const root = JSON.parse(configText) as Record<string, unknown>;
  const nested = ['text_config', 'llm_config', 'language_config']
    .map((key) => root[key])
    .find(
      (value): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value),
    );
  const get = (key: string): unknown => {
    if (nested && Object.hasOwn(nested, key)) return nested[key];
    return Object.hasOwn(root, key) ? root[key] : undefined;
  };
  const keys = Object.keys(nested ?? root).filter((key) => get(key) !== null && get(key) !== 0);
  if (get('is_encoder_decoder') === true) return 'encoder-decoders cache the encoder’s output as well';
  if (isEncoder(config.modelType) && get('is_decoder') !== true) return 'an encoder keeps no cache';
  const other = otherState(keys);
  if (other !== null) return other;
  const { layers, keyValueHeads, headDim } = config;
  if (layers === null || keyValueHeads === null || headDim === null)
    return 'config.json does not say how many layers, key/value heads and dimensions a head there are';
  const windows = windowedLayers(config, layers, get);
  if (typeof windows === 'string') return windows;
  const stated = get('torch_dtype') ?? get('dtype');
  const elementType = typeof stated === 'string' ? stated.replace(/^torch\./, '') : null;
  const known = elementType === null ? undefined : ELEMENT_BYTES.get(elementType);
  const cache: CacheEstimate = {
    fullLayers: layers - windows.layers,
    windowLayers: windows.layers,
    window: windows.window,
    keyValueHeads,
    headDim,
    elementBytes: known ?? 2,
    elementType: known === undefined ? 'bfloat16, as most servers keep it' : `${elementType}, as config.json says`,
    bytesPerToken: 0,
    contextTokens: natural(get('max_position_embeddings')) ?? natural(get('n_positions')) ?? natural(get('seq_length')),
  };
  return { ...cache, bytesPerToken: cacheBytes(cache, 1) };
}

function windowedLayers(
  { modelType }: ModelConfig,
  layers: number,
  get: (key: string) => unknown,
): { layers: number; window: number | null } | string {
  const window = natural(get('sliding_window'));
  const types = get('layer_types');
  if (Array.isArray(types) && types.length === layers) {
    const sliding = types.filter((type) => type === 'sliding_attention').length;
    const full = types.filter((type) => type === 'full_attention').length;
    if (sliding + full !== layers) return 'only some layers cache keys and values';
    if (sliding > 0 && window === null) return 'config.json names sliding windows without their size';
    return { layers: sliding, window: sliding ? window : null };
  }
  if (window === null || get('use_sliding_window') === false) return { layers: 0, window: null };
  if (isWindowedThroughout(modelType)) return { layers, window };
  return 'config.json names a sliding window, but not which layers have it';
}

function natural(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
