/** A model as Meta or Mistral publishes it against the same one in Hugging Face's names, with the rows of wq and wk in another order. */
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint, pairCheckpoints, readMatrix } from '../../../src/checkpoint/index.ts';
import type { Checkpoint, Pairing } from '../../../src/checkpoint/types.ts';
import { bf16Maker, safetensors, type Entry } from '../formats/build.ts';
import { gguf } from '../formats/ggufBuild.ts';
import { temporaryFolder } from './folder.ts';

const DIM = 24;
const HEADS = 3;
const KV_HEADS = 1;
const bf16 = bf16Maker();
/** transformers, convert_llama_weights_to_hf.py: w.view(heads, rows / heads / 2, 2, columns).transpose(1, 2).reshape(rows, columns) */
function permuted({ dtype, shape, data }: Entry, heads: number): Entry {
  const [rows = 0, columns = 0] = shape;
  const half = rows / heads / 2;
  const to = new Uint8Array(data.length);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < half; i++)
      for (let t = 0; t < 2; t++) {
        const from = (h * half + i) * 2 + t;
        const row = (h * 2 + t) * half + i;
        to.set(data.subarray(from * columns * 2, (from + 1) * columns * 2), row * columns * 2);
      }
  return { dtype, shape, data: to };
}

const attention = { q: bf16(DIM, DIM), k: bf16(8, DIM), v: bf16(8, DIM), o: bf16(DIM, DIM) };
const mlp = { gate: bf16(40, DIM), down: bf16(DIM, 40), up: bf16(40, DIM) };
const norms = [bf16(DIM), bf16(DIM), bf16(DIM)] as const;
const tables = { in: bf16(50, DIM), out: bf16(50, DIM) };
const META = {
  'tok_embeddings.weight': tables.in,
  'layers.0.attention.wq.weight': attention.q,
  'layers.0.attention.wk.weight': attention.k,
  'layers.0.attention.wv.weight': attention.v,
  'layers.0.attention.wo.weight': attention.o,
  'layers.0.feed_forward.w1.weight': mlp.gate,
  'layers.0.feed_forward.w2.weight': mlp.down,
  'layers.0.feed_forward.w3.weight': mlp.up,
  'layers.0.attention_norm.weight': norms[0],
  'layers.0.ffn_norm.weight': norms[1],
  'norm.weight': norms[2],
  'output.weight': tables.out,
  'rope.freqs': bf16(4),
};
const HF = {
  'model.embed_tokens.weight': tables.in,
  'model.layers.0.self_attn.q_proj.weight': permuted(attention.q, HEADS),
  'model.layers.0.self_attn.k_proj.weight': permuted(attention.k, KV_HEADS),
  'model.layers.0.self_attn.v_proj.weight': attention.v,
  'model.layers.0.self_attn.o_proj.weight': attention.o,
  'model.layers.0.mlp.gate_proj.weight': mlp.gate,
  'model.layers.0.mlp.down_proj.weight': mlp.down,
  'model.layers.0.mlp.up_proj.weight': mlp.up,
  'model.layers.0.input_layernorm.weight': norms[0],
  'model.layers.0.post_attention_layernorm.weight': norms[1],
  'model.norm.weight': norms[2],
  'lm_head.weight': tables.out,
};
const PARAMS = { dim: DIM, n_layers: 1, n_heads: HEADS, n_kv_heads: KV_HEADS, vocab_size: -1 };
const CONFIG = {
  ...{ model_type: 'llama', hidden_size: DIM, num_hidden_layers: 1, num_attention_heads: HEADS },
  ...{ num_key_value_heads: KV_HEADS },
};

/** The same model as llama.cpp's converter names it; its rows of query and key lie as Meta's do. */
const GGUF = {
  'token_embd.weight': tables.in,
  'blk.0.attn_q.weight': attention.q,
  'blk.0.attn_k.weight': attention.k,
  'blk.0.attn_v.weight': attention.v,
  'blk.0.attn_output.weight': attention.o,
  'blk.0.ffn_gate.weight': mlp.gate,
  'blk.0.ffn_down.weight': mlp.down,
  'blk.0.ffn_up.weight': mlp.up,
  'blk.0.attn_norm.weight': norms[0],
  'blk.0.ffn_norm.weight': norms[1],
  'output_norm.weight': norms[2],
  'output.weight': tables.out,
  'rope_freqs.weight': bf16(4),
};
const metadataOf = (architecture: string) => ({
  'general.architecture': architecture,
  ...Object.fromEntries(
    Object.entries({
      block_count: 1,
      embedding_length: DIM,
      'attention.head_count': HEADS,
      'attention.head_count_kv': KV_HEADS,
    }).map(([key, value]) => [`${architecture}.${key}`, value] as const),
  ),
});

const open: Checkpoint[] = [];
afterAll(() => Promise.all(open.map((checkpoint) => checkpoint.close())));
async function opened(model: Record<string, Entry>, file = '', content: object = {}): Promise<Checkpoint> {
  const folder = temporaryFolder();
  if (file) folder.write(file, content);
  const checkpoint = await openCheckpoint(folder.write('consolidated.safetensors', safetensors(model)));
  open.push(checkpoint);
  return checkpoint;
}
const pairing = (base: Checkpoint, tuned: Checkpoint): Pairing =>
  pairCheckpoints(base, tuned, { includeEmbeddings: false, tensors: null });

describe("Meta's names and rows", () => {
  it.each<[string, () => Promise<[Checkpoint, Checkpoint]>, 'base' | 'tuned']>([
    ['params.json of the base', async () => [await opened(META, 'params.json', PARAMS), await opened(HF)], 'base'],
    [
      'config.json of the other side',
      async () => [await opened(META), await opened(HF, 'config.json', CONFIG)],
      'base',
    ],
    ['the tuned side', async () => [await opened(HF, 'config.json', CONFIG), await opened(META)], 'tuned'],
    [
      "Mistral's folder, with both files",
      async () => [await opened(META, 'config.json', { ...CONFIG, model_type: 'mistral' }), await opened(HF)],
      'base',
    ],
  ])('pair with the others and hold the same numbers: %s', async (_, sides, side) => {
    const { pairs, skipped, unpaired, coverage, notes } = pairing(...(await sides()));
    expect(pairs).toHaveLength(12);
    expect(skipped).toEqual([]);
    expect([...unpaired.baseOnly, ...unpaired.tunedOnly]).toEqual(['rope.freqs']);
    expect(coverage.weights.compared).toBe(coverage.weights.all);
    expect(notes.map(({ code }) => code)).toEqual(['pairing-rotary']);
    expect(notes[0]?.message).toContain(`of the ${side} side`);
    for (const { base, tuned, name } of pairs)
      expect(Buffer.compare(await readMatrix(base), await readMatrix(tuned)), name).toBe(0);
  });

  it('are left out if nothing says how many heads there are', async () => {
    const { pairs, skipped } = pairing(await opened(META), await opened(HF));
    expect(pairs).toHaveLength(10);
    expect(skipped.map(({ name }) => name)).toEqual(['layers.0.attention.wq.weight', 'layers.0.attention.wk.weight']);
    expect(skipped[0]?.reason).toContain('another order');
  });

  it('of two models of the kind are compared as they lie', async () => {
    const { pairs, notes } = pairing(await opened(META), await opened(META));
    expect(pairs).toHaveLength(12);
    expect(notes).toEqual([]);
  });

  it("and Mixtral's experts, a resized vocabulary, and projections that the other side has fused", async () => {
    const experts = Object.fromEntries(
      [0, 1].flatMap((e) =>
        ['w1', 'w2', 'w3'].map((w) => [`layers.0.feed_forward.experts.${e}.${w}.weight`, bf16(8, 8)]),
      ),
    );
    const theirs = { ...experts, 'layers.0.feed_forward.gate.weight': bf16(2, 8) };
    const converted = Object.fromEntries(
      Object.entries(theirs).map(([name, entry]) => [
        `model.${name.replace('feed_forward', 'block_sparse_moe')}`,
        entry,
      ]),
    );
    const mixture = pairing(await opened(theirs), await opened(converted, 'config.json', { model_type: 'mixtral' }));
    expect(mixture.pairs).toHaveLength(7);
    expect(mixture.unpaired).toEqual({ baseOnly: [], tunedOnly: [] });

    const longer = { ...HF, 'model.embed_tokens.weight': bf16(52, DIM), 'lm_head.weight': bf16(52, DIM) };
    const grown = pairing(await opened(META, 'params.json', PARAMS), await opened(longer));
    expect(grown.skipped).toEqual([]);
    expect(grown.notes.map(({ code }) => code).sort()).toEqual(['pairing-rotary', 'pairing-vocabulary']);

    const { q, k, v } = attention;
    const rows = [permuted(q, HEADS), permuted(k, KV_HEADS), v].map(({ data }) => data);
    const fused: Entry = { dtype: 'BF16', shape: [40, DIM], data: new Uint8Array(Buffer.concat(rows)) };
    const packed = pairing(
      await opened(META, 'params.json', PARAMS),
      await opened({ 'model.layers.0.self_attn.qkv_proj.weight': fused }, 'config.json', {
        ...CONFIG,
        model_type: 'phi3',
      }),
    );
    expect(packed.pairs.map(({ tuned }) => tuned.name.split('#')[1])).toEqual(['q', 'k', 'v']);
    for (const { base, tuned, name } of packed.pairs)
      expect(Buffer.compare(await readMatrix(base), await readMatrix(tuned)), name).toBe(0);
  });
});

describe('a model as llama.cpp holds it', () => {
  const convert = async (architecture: string, model: Record<string, Entry>): Promise<Checkpoint> => {
    const checkpoint = await openCheckpoint(temporaryFolder().write('x.gguf', gguf(metadataOf(architecture), model)));
    open.push(checkpoint);
    return checkpoint;
  };
  const different = async ({ pairs }: Pairing): Promise<string[]> => {
    const names: string[] = [];
    for (const { name, base, tuned } of pairs)
      if (Buffer.compare(await readMatrix(base), await readMatrix(tuned)) !== 0) names.push(name);
    return names;
  };
  it('is the same model as its source, heads in their order', async () => {
    for (const flip of [false, true]) {
      const sides = [await opened(HF), await convert('llama', GGUF)] as const;
      const found = flip ? pairing(sides[1], sides[0]) : pairing(...sides);
      expect(found.pairs).toHaveLength(12);
      expect([...found.unpaired.baseOnly, ...found.unpaired.tunedOnly]).toEqual(['rope_freqs.weight']);
      expect(await different(found)).toEqual([]);
      expect(found.notes.map(({ code }) => code)).toContain('pairing-rotary');
    }
  });
  it('of an architecture that is converted row by row is read so', async () => {
    const q = { 'blk.0.attn_q.weight': HF['model.layers.0.self_attn.q_proj.weight'] };
    const k = { 'blk.0.attn_k.weight': HF['model.layers.0.self_attn.k_proj.weight'] };
    const found = pairing(await opened(HF), await convert('qwen3', { ...GGUF, ...q, ...k }));
    expect(found.pairs).toHaveLength(12);
    expect(await different(found)).toEqual([]);
    expect(found.notes.map(({ code }) => code)).not.toContain('pairing-rotary');
  });
  it('of an architecture that is not known leaves query and key out, with the reason', async () => {
    const found = pairing(await opened(HF), await convert('of-tomorrow', GGUF));
    expect(found.skipped.map(({ name }) => name)).toEqual([
      'model.layers.0.self_attn.q_proj.weight',
      'model.layers.0.self_attn.k_proj.weight',
    ]);
    expect(await different(found)).toEqual([]);
  });
  it('of Gemma leaves its norms out, as they are stored as 1 + w', async () => {
    const checkpoint = await convert('gemma2', GGUF);
    expect(checkpoint.problems.map(({ code }) => code)).toContain('gguf-norms');
    expect(checkpoint.tensors.get('blk.0.ffn_norm.weight')?.role).toBe('bookkeeping');
  });
  it('under the same names on both sides is compared as it lies', async () => {
    const found = pairing(await opened(GGUF), await convert('qwen3', GGUF));
    expect(await different(found)).toEqual([]);
    expect(found.skipped.map(({ name }) => name)).toEqual(['rope_freqs.weight']);
  });
});
