import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../../src/checkpoint/index.ts';
import { estimateMemory } from '../../../src/checkpoint/memory.ts';
import { cacheBytes, cacheFormula, type MemoryEstimate } from '../../../src/protocol/health.ts';
import { gguf } from '../formats/ggufBuild.ts';
import { row, temporaryFolder } from './folder.ts';
import { openedCheckpoints } from './opened.ts';

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

/** Llama 3.1 8B as llama.cpp's converter writes it. */
const GGUF = {
  block_count: 32,
  embedding_length: 4096,
  'attention.head_count': 32,
  'attention.head_count_kv': 8,
  'attention.key_length': 128,
  'attention.value_length': 128,
  context_length: 131072,
};
const each = <T>(value: (layer: number) => T): T[] => Array.from({ length: 32 }, (_, i) => value(i));

describe('keys and values by the metadata of a GGUF file', () => {
  const folder = temporaryFolder();
  const opened = openedCheckpoints();
  type Metadata = Parameters<typeof gguf>[0];
  async function memory(change: Partial<Metadata>, architecture = 'llama'): Promise<MemoryEstimate> {
    const stated = Object.entries({ ...GGUF, ...change }).filter(([, value]) => value !== undefined);
    const named = stated.map(([key, value]) => [`${architecture}.${key}`, value]);
    const metadata = { 'general.architecture': architecture, ...Object.fromEntries(named) } as Metadata;
    const tensors = { 'output_norm.weight': { dtype: 'F32', shape: [4], data: new Uint8Array(16) } };
    return (await opened(folder.write('model.gguf', gguf(metadata, tensors)))).facts.memory;
  }
  it('take the published 128 KiB a token for Llama 3.1 8B, in the type that llama.cpp keeps', async () => {
    const { cache } = await memory({});
    expect(cache).toMatchObject({ bytesPerToken: 131072, fullLayers: 32, windowLayers: 0, contextTokens: 131072 });
    expect(cache?.elementType).toBe('float16, as llama.cpp keeps it');
  });
  it('take one number for all layers, one for each, or what the others make', async () => {
    const bytes = async (change: Partial<Metadata>, architecture?: string): Promise<unknown> =>
      (await memory(change, architecture)).cache?.bytesPerToken;
    expect(await bytes({ 'attention.head_count_kv': each(() => 8) })).toBe(131072);
    // Without it every head has keys and values of its own; without a width the embedding is divided.
    expect(await bytes({ 'attention.head_count_kv': undefined })).toBe(4 * 131072);
    expect(await bytes({ 'attention.key_length': undefined, 'attention.value_length': undefined })).toBe(131072);
    expect(await bytes({ 'attention.key_length': 256, 'attention.value_length': 256 }, 'of-tomorrow')).toBe(262144);
    expect(await bytes({ block_count: 33, nextn_predict_layers: 1 })).toBe(131072);
  });
  it('stop growing at the window, in the layers that are said to have one', async () => {
    const pattern = each((layer) => layer % 4 < 3);
    const { cache } = await memory({ 'attention.sliding_window': 512, 'attention.sliding_window_pattern': pattern });
    expect(cache).toMatchObject({ fullLayers: 8, windowLayers: 24, window: 512 });
  });
  it('of a model with more layers than most are said layer by layer', async () => {
    const change = { block_count: 126, 'attention.head_count_kv': Array.from({ length: 126 }, (_, i) => 8 + (i % 2)) };
    expect((await memory(change)).reason).toContain('differ in heads');
  });
  it.each<[Partial<Metadata>, string, string?]>([
    [{ 'attention.head_count_kv': each((layer) => layer % 2) }, 'differ in heads'],
    [{ 'attention.value_length': 64 }, 'differ in width'],
    [{ 'attention.sliding_window': 4096 }, 'not which layers'],
    [{ 'attention.sliding_window': 4096, 'attention.sliding_window_pattern': 6 }, 'not which layers'],
    [{ 'attention.kv_lora_rank': 512 }, 'MLA'],
    [{ 'ssm.state_size': 128 }, 'state-space'],
    [{ full_attention_interval: 4 }, 'only some layers'],
    [{ 'attention.shared_kv_layers': 10 }, 'share their cache'],
    [{ 'attention.causal': false }, 'encoder keeps no cache', 'nomic-bert'],
    [{ decoder_start_token_id: 1 }, 'encoder-decoders', 't5'],
    [{ block_count: undefined }, 'do not say how many'],
  ])('are not estimated if the formula does not hold: %j', async (change, why, architecture) => {
    const { cache, reason } = await memory(change, architecture);
    expect(cache).toBeNull();
    expect(reason).toContain(why);
  });
  it('are those of config.json if that lies beside the file', async () => {
    folder.write('config.json', JSON.stringify({ ...LLAMA, torch_dtype: 'float32' }));
    expect((await memory({})).cache?.elementBytes).toBe(4);
  });
});
