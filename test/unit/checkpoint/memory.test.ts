import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../../src/checkpoint/index.ts';
import { estimateMemory } from '../../../src/checkpoint/memory.ts';
import { cacheBytes, cacheFormula, type MemoryEstimate } from '../../../src/protocol/health.ts';
import { row } from './folder.ts';

const rows = [
  row('model.embed_tokens.weight', [8, 4], { sizeBytes: 64 }),
  row('model.layers.0.q.weight', [4, 4], { dtype: 'F32', sizeBytes: 640 }),
];
function estimate(config: object | null): MemoryEstimate {
  const text = config && JSON.stringify(config);
  return estimateMemory(rows, text === null ? null : parseModelConfig(text), text);
}
/** Llama 3.1 8B: published as 128 KiB a token in bf16. */
const LLAMA = {
  model_type: 'llama',
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  hidden_size: 4096,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
};

describe('memory to load', () => {
  it('is what is stored, by type, largest first', () => {
    expect(estimate(null)).toMatchObject({
      weightsBytes: 704,
      weights: [
        { dtype: 'F32', sizeBytes: 640 },
        { dtype: 'BF16', sizeBytes: 64 },
      ],
      unknownTensors: 0,
      cache: null,
    });
    expect(estimate(null).reason).toContain('no config.json');
  });
  it('counts what is missing', () => {
    const missing = row('x', [], { missing: true, offset: null });
    expect(estimateMemory([...rows, missing], null, null)).toMatchObject({ weightsBytes: 704, unknownTensors: 1 });
  });
});

describe('keys and values', () => {
  it('take the published 128 KiB a token for Llama 3.1 8B, 16 GiB at its longest context', () => {
    const { cache } = estimate(LLAMA);
    expect(cache).toMatchObject({ bytesPerToken: 131072, fullLayers: 32, windowLayers: 0, contextTokens: 131072 });
    if (!cache) return;
    expect(cacheBytes(cache, 131072)).toBe(16 * 2 ** 30);
    expect(cacheFormula(cache)).toBe('2 × 8 kv heads × 128 wide × 2 bytes × 32 layers × tokens');
  });
  it('take the type of config.json, else two bytes', () => {
    expect(estimate({ ...LLAMA, torch_dtype: 'float32' }).cache?.elementBytes).toBe(4);
    expect(estimate({ ...LLAMA, torch_dtype: undefined, dtype: 'float16' }).cache?.elementType).toContain('float16');
    expect(estimate({ ...LLAMA, torch_dtype: 'float8_e4m3fn' }).cache).toMatchObject({ elementBytes: 2 });
  });
  it('stop growing at the window, in the layers that have one', () => {
    const types = Array.from({ length: 32 }, (_, i) => (i % 2 ? 'full_attention' : 'sliding_attention'));
    const { cache } = estimate({ ...LLAMA, model_type: 'gpt_oss', layer_types: types, sliding_window: 128 });
    expect(cache).toMatchObject({ fullLayers: 16, windowLayers: 16, window: 128, bytesPerToken: 131072 });
    if (!cache) return;
    expect(cacheBytes(cache, 1000)).toBe(2 * 8 * 128 * 2 * (16 * 1000 + 16 * 128));
    expect(cacheFormula(cache)).toContain('16 layers × min(tokens, 128)');
    expect(estimate({ ...LLAMA, model_type: 'mistral', sliding_window: 4096 }).cache?.windowLayers).toBe(32);
    expect(estimate({ ...LLAMA, model_type: 'mixtral', sliding_window: null }).cache?.windowLayers).toBe(0);
    const unused = { ...LLAMA, model_type: 'qwen2', sliding_window: 4096, use_sliding_window: false };
    expect(estimate(unused).cache?.windowLayers).toBe(0);
  });
  it('read the language model of a multimodal config', () => {
    const { model_type, ...text } = LLAMA;
    expect(estimate({ model_type, text_config: text }).cache?.bytesPerToken).toBe(131072);
  });
  it.each([
    [{ kv_lora_rank: 512 }, 'MLA'],
    [{ full_attention_interval: 4 }, 'only some layers'],
    [{ mamba_d_state: 16 }, 'state-space'],
    [{ layer_types: Array.from({ length: 32 }, () => 'linear_attention') }, 'only some layers'],
    [{ num_global_key_value_heads: 2 }, 'differ'],
    [{ is_encoder_decoder: true }, 'encoder-decoders'],
    [{ model_type: 'bert' }, 'encoder keeps no cache'],
    [{ model_type: 'gemma2', sliding_window: 4096 }, 'not which layers'],
    [{ num_hidden_layers: undefined }, 'does not say'],
  ])('are not estimated if the formula does not hold: %j', (change, why) => {
    const { cache, reason } = estimate({ ...LLAMA, ...change });
    expect(cache).toBeNull();
    expect(reason).toContain(why);
  });
  it('are not estimated for an adapter', () => {
    const adapter = [row('a.lora_A.weight', [2, 4])];
    const text = JSON.stringify(LLAMA);
    expect(estimateMemory(adapter, parseModelConfig(text), text)).toMatchObject({ cache: null });
  });
});
