/** Every family by names of models that were published: what each means, how it splits, what its column is called. */
import { describe, expect, it } from 'vitest';
import {
  columnPlace,
  describeName,
  expertParts,
  FAMILIES,
  familyOf,
  fusionOf,
  headSideOf,
  isEncoder,
  isExpertStack,
  isAdapterPart,
  isWindowedThroughout,
  labelInLayer,
  layoutKey,
  otherState,
  rowParts,
  shortName,
  startsAtZero,
  startsUniform,
  storesInOut,
  targetModule,
  type Family,
  type Stage,
} from '../../../src/families/index.ts';
import { STAGES } from '../../../src/families/family.ts';
import { LLAMA } from '../../../src/families/llama.ts';

/** One name: layer, module, role; expert of a list; the stage of its column if it has one. */
type Meaning = [name: string, layer: number | null, module: string, role: string, stage?: Stage];
interface Published {
  modelType: string | null;
  /** names that must be told apart by name alone; false if only config.json tells */
  byName: boolean;
  names: Meaning[];
}

const PUBLISHED: Record<string, Published> = {
  // meta-llama/Llama-3.1-8B
  'Llama, Mistral, Qwen': {
    modelType: 'llama',
    byName: true,
    names: [
      ['model.embed_tokens.weight', null, 'embed_tokens', 'embedding'],
      ['model.layers.31.self_attn.q_proj.weight', 31, 'self_attn.q_proj', 'block', 'query'],
      ['model.layers.31.self_attn.o_proj.weight', 31, 'self_attn.o_proj', 'block', 'out'],
      ['model.layers.0.mlp.gate_proj.weight', 0, 'mlp.gate_proj', 'block', 'gate'],
      ['model.layers.0.mlp.up_proj.weight', 0, 'mlp.up_proj', 'block', 'up'],
      ['model.layers.0.mlp.down_proj.weight', 0, 'mlp.down_proj', 'block', 'down'],
      ['model.layers.0.post_attention_layernorm.weight', 0, 'post_attention_layernorm', 'norm'],
      ['lm_head.weight', null, 'lm_head', 'head'],
    ],
  },
  // google/gemma-2-2b
  Gemma: {
    modelType: 'gemma2',
    byName: true,
    names: [
      ['model.layers.7.pre_feedforward_layernorm.weight', 7, 'pre_feedforward_layernorm', 'norm'],
      ['model.layers.7.self_attn.k_proj.weight', 7, 'self_attn.k_proj', 'block', 'key'],
    ],
  },
  // meta-llama/Llama-3.1-8B, folder "original"
  'Meta consolidated': {
    modelType: null,
    byName: true,
    names: [
      ['tok_embeddings.weight', null, 'tok_embeddings', 'embedding'],
      ['layers.5.attention.wq.weight', 5, 'attention.wq', 'block', 'query'],
      ['layers.5.attention.wo.weight', 5, 'attention.wo', 'block', 'out'],
      ['layers.5.feed_forward.w1.weight', 5, 'feed_forward.w1', 'block', 'gate'],
      ['layers.5.feed_forward.w2.weight', 5, 'feed_forward.w2', 'block', 'down'],
      ['layers.5.feed_forward.w3.weight', 5, 'feed_forward.w3', 'block', 'up'],
      ['layers.5.ffn_norm.weight', 5, 'ffn_norm', 'norm'],
      ['rope.freqs', null, 'rope.freqs', 'bookkeeping'],
      ['output.weight', null, 'output', 'head'],
    ],
  },
  // openai-community/gpt2
  'GPT-2': {
    modelType: 'gpt2',
    byName: true,
    names: [
      ['wte.weight', null, 'wte', 'embedding'],
      ['wpe.weight', null, 'wpe', 'embedding'],
      ['h.11.attn.bias', 11, 'attn.bias', 'bookkeeping'],
      ['h.11.attn.c_attn.weight', 11, 'attn.c_attn', 'block', 'qkv'],
      ['h.11.attn.c_proj.weight', 11, 'attn.c_proj', 'block', 'out'],
      ['h.11.mlp.c_fc.weight', 11, 'mlp.c_fc', 'block', 'up'],
      ['h.11.mlp.c_proj.weight', 11, 'mlp.c_proj', 'block', 'down'],
      ['h.11.ln_2.bias', 11, 'ln_2.bias', 'norm'],
    ],
  },
  // microsoft/Phi-3-mini-4k-instruct
  'Phi-3': {
    modelType: 'phi3',
    byName: true,
    names: [
      ['model.layers.3.self_attn.qkv_proj.weight', 3, 'self_attn.qkv_proj', 'block', 'qkv'],
      ['model.layers.3.mlp.gate_up_proj.weight', 3, 'mlp.gate_up_proj', 'block', 'gateUp'],
    ],
  },
  // EleutherAI/pythia-70m
  'GPT-NeoX, Bloom, Falcon': {
    modelType: 'gpt_neox',
    byName: true,
    names: [
      ['gpt_neox.embed_in.weight', null, 'embed_in', 'embedding'],
      ['gpt_neox.layers.4.attention.query_key_value.weight', 4, 'attention.query_key_value', 'block', 'qkv'],
      ['gpt_neox.layers.4.attention.dense.weight', 4, 'attention.dense', 'block', 'out'],
      ['gpt_neox.layers.4.attention.bias', 4, 'attention.bias', 'bookkeeping'],
      ['gpt_neox.layers.4.mlp.dense_h_to_4h.weight', 4, 'mlp.dense_h_to_4h', 'block', 'up'],
      ['gpt_neox.layers.4.mlp.dense_4h_to_h.weight', 4, 'mlp.dense_4h_to_h', 'block', 'down'],
      ['embed_out.weight', null, 'embed_out', 'head'],
    ],
  },
  // THUDM/chatglm3-6b
  ChatGLM: {
    modelType: 'chatglm',
    byName: true,
    names: [
      [
        'transformer.encoder.layers.2.self_attention.query_key_value.weight',
        2,
        'encoder.self_attention.query_key_value',
        'block',
        'qkv',
      ],
    ],
  },
  // internlm/internlm2-7b
  'InternLM 2': {
    modelType: 'internlm2',
    byName: true,
    names: [['model.layers.1.attention.wqkv.weight', 1, 'attention.wqkv', 'block', 'qkv']],
  },
  // baichuan-inc/Baichuan2-7B-Base, mosaicml/mpt-7b
  'Baichuan, MPT': {
    modelType: 'mpt',
    byName: true,
    names: [
      ['model.layers.1.self_attn.W_pack.weight', 1, 'self_attn.W_pack', 'block', 'qkv'],
      ['transformer.blocks.1.attn.Wqkv.weight', 1, 'attn.Wqkv', 'block', 'qkv'],
      ['transformer.blocks.1.attn.out_proj.weight', 1, 'attn.out_proj', 'block', 'out'],
    ],
  },
  // mistralai/Mixtral-8x7B-v0.1
  Mixtral: {
    modelType: 'mixtral',
    byName: true,
    names: [
      ['model.layers.9.block_sparse_moe.experts.7.w1.weight', 9, 'block_sparse_moe.experts.w1', 'block', 'gate'],
      ['model.layers.9.block_sparse_moe.experts.7.w2.weight', 9, 'block_sparse_moe.experts.w2', 'block', 'down'],
      ['model.layers.9.block_sparse_moe.experts.7.w3.weight', 9, 'block_sparse_moe.experts.w3', 'block', 'up'],
      ['model.layers.9.block_sparse_moe.gate.weight', 9, 'block_sparse_moe.gate', 'block', 'gate'],
    ],
  },
  // microsoft/Phi-3.5-MoE-instruct
  PhiMoE: {
    modelType: 'phimoe',
    byName: false,
    names: [['model.layers.0.block_sparse_moe.gate.weight', 0, 'block_sparse_moe.gate', 'block', 'gate']],
  },
  // ibm-granite/granite-3.1-1b-a400m-instruct
  GraniteMoE: {
    modelType: 'granitemoe',
    byName: true,
    names: [
      ['model.layers.0.block_sparse_moe.input_linear.weight', 0, 'block_sparse_moe.input_linear', 'block', 'gateUp'],
      ['model.layers.0.block_sparse_moe.output_linear.weight', 0, 'block_sparse_moe.output_linear', 'block', 'down'],
      ['model.layers.0.block_sparse_moe.router.layer.weight', 0, 'block_sparse_moe.router.layer', 'block', 'router'],
    ],
  },
  // deepseek-ai/DeepSeek-V3, Qwen/Qwen1.5-MoE-A2.7B
  'Qwen-MoE, DeepSeek': {
    modelType: 'deepseek_v3',
    byName: true,
    names: [
      ['model.layers.2.mlp.experts.63.gate_proj.weight', 2, 'mlp.experts.gate_proj', 'block', 'gate'],
      ['model.layers.2.mlp.shared_expert.gate_proj.weight', 2, 'mlp.shared_expert.gate_proj', 'block', 'gate'],
      ['model.layers.2.self_attn.q_a_proj.weight', 2, 'self_attn.q_a_proj', 'block', 'query'],
      ['model.layers.2.self_attn.kv_a_proj_with_mqa.weight', 2, 'self_attn.kv_a_proj_with_mqa', 'block', 'key'],
      ['model.layers.2.self_attn.kv_a_layernorm.weight', 2, 'self_attn.kv_a_layernorm', 'norm'],
    ],
  },
  // Qwen/Qwen3.5-35B-A3B
  'Qwen 3.5 MoE': {
    modelType: 'qwen3_5_moe',
    byName: true,
    names: [
      ['model.language_model.layers.8.linear_attn.in_proj_qkv.weight', 8, 'linear_attn.in_proj_qkv', 'block', 'qkv'],
      ['model.language_model.layers.8.mlp.experts.gate_up_proj', 8, 'mlp.experts.gate_up_proj', 'block', 'gateUp'],
      ['model.language_model.layers.8.mlp.experts.down_proj', 8, 'mlp.experts.down_proj', 'block', 'down'],
    ],
  },
  // openai/gpt-oss-20b
  'gpt-oss': {
    modelType: 'gpt_oss',
    byName: true,
    names: [
      ['model.layers.0.self_attn.sinks', 0, 'self_attn.sinks', 'block'],
      ['model.layers.0.mlp.router.weight', 0, 'mlp.router', 'block', 'router'],
      ['model.layers.0.mlp.experts.gate_up_proj_scales', 0, 'mlp.experts.gate_up_proj_scales', 'bookkeeping'],
      ['model.layers.0.mlp.experts.gate_up_proj', 0, 'mlp.experts.gate_up_proj', 'block', 'gateUp'],
    ],
  },
  // meta-llama/Llama-4-Scout-17B-16E
  'Llama 4': {
    modelType: 'llama4',
    byName: true,
    names: [
      [
        'language_model.model.layers.0.feed_forward.experts.gate_up_proj',
        0,
        'feed_forward.experts.gate_up_proj',
        'block',
        'gateUp',
      ],
    ],
  },
  // bartowski/Meta-Llama-3.1-8B-Instruct-GGUF, and the experts of Qwen3-30B-A3B-GGUF
  'llama.cpp': {
    modelType: null,
    byName: true,
    names: [
      ['token_embd.weight', null, 'token_embd', 'embedding'],
      ['blk.31.attn_q.weight', 31, 'attn_q', 'block', 'query'],
      ['blk.31.attn_output.weight', 31, 'attn_output', 'block', 'out'],
      ['blk.0.ffn_gate.weight', 0, 'ffn_gate', 'block', 'gate'],
      ['blk.0.ffn_up.weight', 0, 'ffn_up', 'block', 'up'],
      ['blk.0.ffn_down.weight', 0, 'ffn_down', 'block', 'down'],
      ['blk.0.ffn_norm.weight', 0, 'ffn_norm', 'norm'],
      ['blk.0.ffn_down_exps.weight', 0, 'ffn_down_exps', 'block', 'down'],
      ['output.weight', null, 'output', 'head'],
      ['rope_freqs.weight', null, 'rope_freqs', 'bookkeeping'],
    ],
  },
  // mlx-community/Qwen3-30B-A3B-4bit
  MLX: {
    modelType: null,
    byName: true,
    names: [
      ['model.layers.0.mlp.switch_mlp.down_proj.weight', 0, 'mlp.switch_mlp.down_proj', 'block', 'down'],
      ['model.layers.0.mlp.switch_mlp.down_proj.scales', 0, 'mlp.switch_mlp.down_proj.scales', 'bookkeeping'],
      ['model.layers.0.mlp.switch_mlp.down_proj.biases', 0, 'mlp.switch_mlp.down_proj.biases', 'bookkeeping'],
    ],
  },
  // google-bert/bert-base-uncased
  BERT: {
    modelType: 'bert',
    byName: true,
    names: [
      ['bert.embeddings.word_embeddings.weight', null, 'bert.embeddings.word_embeddings', 'embedding'],
      ['bert.embeddings.position_ids', null, 'bert.embeddings.position_ids', 'bookkeeping'],
      ['bert.encoder.layer.6.attention.self.query.weight', 6, 'attention.self.query', 'block', 'query'],
      ['bert.encoder.layer.6.attention.output.LayerNorm.weight', 6, 'attention.output.LayerNorm', 'norm'],
      ['cls.predictions.transform.dense.weight', null, 'cls.predictions.transform.dense', 'head'],
    ],
  },
  // google-t5/t5-small
  T5: {
    modelType: 't5',
    byName: true,
    names: [
      ['shared.weight', null, 'shared', 'embedding'],
      ['encoder.block.2.layer.0.SelfAttention.q.weight', 2, 'encoder.layer.0.SelfAttention.q', 'block', 'query'],
      ['encoder.block.2.layer.1.DenseReluDense.wo.weight', 2, 'encoder.layer.1.DenseReluDense.wo', 'block', 'down'],
    ],
  },
  // openai/clip-vit-base-patch32, Qwen/Qwen2.5-VL-3B-Instruct
  'vision towers': {
    modelType: 'clip',
    byName: true,
    names: [
      [
        'vision_model.encoder.layers.3.self_attn.out_proj.weight',
        3,
        'vision_model.encoder.self_attn.out_proj',
        'block',
        'out',
      ],
      ['vision_model.encoder.layers.3.mlp.fc1.weight', 3, 'vision_model.encoder.mlp.fc1', 'block', 'up'],
      ['visual.blocks.3.attn.qkv.weight', 3, 'visual.attn.qkv', 'block', 'qkv'],
    ],
  },
  // state-spaces/mamba-130m-hf
  'state-space': {
    modelType: 'mamba',
    byName: true,
    names: [['backbone.layers.0.mixer.A_log', 0, 'backbone.mixer.A_log', 'block']],
  },
};

it('has published names of every family, and of none that is gone', () => {
  expect(Object.keys(PUBLISHED).sort()).toEqual(FAMILIES.map(({ title }) => title).sort());
});

describe.each(Object.entries(PUBLISHED))('%s', (title, { modelType, byName, names }) => {
  it.each(names)('%s', (name, layer, module, role, stage) => {
    expect(describeName(name)).toMatchObject({ layer, module, role });
    if (stage) expect(STAGES[columnPlace(module)]).toBe(stage);
  });
  it('is told by config.json, or by its names', () => {
    const all = names.map(([name]) => name);
    if (modelType !== null) expect(familyOf(modelType)?.title).toBe(title);
    if (byName) {
      expect(familyOf(null, all)?.title).toBe(title);
      expect(familyOf('a_type_of_tomorrow', all)?.title).toBe(title);
    } else expect(familyOf(null, all)).toBeNull();
  });
});

it('a name that no family knows groups by its first integer', () => {
  expect(familyOf('a_type_of_tomorrow', ['stages.2.mixer.3.kernel'])).toBeNull();
  expect(describeName('stages.2.mixer.3.kernel')).toMatchObject({ layer: 2, module: 'stages.mixer.3.kernel' });
  expect(columnPlace('stages.mixer.3.kernel')).toBe(STAGES.length);
});

/** Family of a model type; the test ends here if there is none. */
function family(modelType: string): Family {
  const found = familyOf(modelType);
  if (!found) throw new Error(`no family of ${modelType}`);
  return found;
}

describe('fused rows', () => {
  const heads = { attentionHeads: 4, keyValueHeads: 2, headDim: 3 };
  it('of what does not read the width of the model are three equal blocks, whatever it is called', () => {
    const sizes = (columns: number): number[] | undefined =>
      rowParts('eye.attn.qkv', [24, columns], null, { ...heads, hiddenSize: 12 })?.map(({ count }) => count);
    expect(sizes(8)).toEqual([8, 8, 8]);
    expect(sizes(12)).toEqual([12, 6, 6]);
  });
  it('query_key_value of NeoX has a key and a value a head, whatever is said of key/value heads', () => {
    const parts = rowParts('attention.query_key_value', [36, 12], family('gpt_neox'), heads);
    expect(parts?.map(({ count, block }) => [count, block?.every])).toEqual([
      [12, 9],
      [12, 9],
      [12, 9],
    ]);
  });
  const brief = (module: string, rows: number, columns: number, of: Family | null) =>
    rowParts(module, [rows, columns], of, heads)?.map(({ suffix, first, count, block }) => [
      suffix,
      first,
      count,
      block?.every ?? 0,
    ]) ?? null;
  it('query_key_value: by group in NeoX, in thirds in ChatGLM, whole in a model that none knows', () => {
    const module = 'attention.query_key_value';
    expect(brief(module, 24, 12, family('gpt_neox'))).toEqual([
      ['q', 0, 12, 12],
      ['k', 6, 6, 12],
      ['v', 9, 6, 12],
    ]);
    expect(brief(module, 24, 12, family('chatglm'))).toEqual([
      ['q', 0, 12, 0],
      ['k', 12, 6, 0],
      ['v', 18, 6, 0],
    ]);
    expect(brief(module, 24, 12, null)).toBeNull();
    expect(fusionOf(module, null)).toEqual({ fusion: 'qkv-by-group', known: false });
  });
  it('halves of gate and up, under every name of theirs', () => {
    for (const module of ['mlp.gate_up_proj', 'mlp.gate_and_up_proj', 'shared_mlp.input_linear'])
      expect(brief(module, 10, 3, LLAMA)?.map(([suffix]) => suffix)).toEqual(['gate', 'up']);
    expect(brief('mlp.input_linear', 10, 3, LLAMA)).toBeNull();
    expect(brief('mlp.gate_up_proj', 9, 3, LLAMA)).toBeNull();
  });
  it('gate and up alternate in gpt-oss, and nowhere else', () => {
    const steps = (of: Family | null) => expertParts('mlp.experts.gate_up_proj', 8, of)?.map(({ step }) => step);
    expect(steps(family('gpt_oss'))).toEqual([2, 2]);
    expect(steps(family('llama4'))).toEqual([1, 1]);
    expect(steps(null)).toEqual([1, 1]);
    expect(expertParts('mlp.experts.down_proj', 8, null)).toBeNull();
  });
  it('Conv1D by its shape, else by the model type', () => {
    const tensors = (shape: number[]) => [{ module: 'attn.c_attn', shape }];
    expect(storesInOut(tensors([4, 12]), null)).toBe(true);
    expect(storesInOut(tensors([12, 4]), 'gpt2')).toBe(false);
    expect(storesInOut([], 'gpt2')).toBe(true);
    expect(storesInOut([], 'gpt_bigcode')).toBe(false);
  });
});

it('stacks of experts: under "experts", and under the names of GraniteMoE and MLX; never a bias or a convolution', () => {
  for (const module of ['mlp.experts.down_proj', 'block_sparse_moe.input_linear', 'mlp.switch_mlp.up_proj'])
    expect(isExpertStack(module)).toBe(true);
  for (const module of ['mlp.experts.down_proj_bias', 'linear_attn.conv1d', 'mlp.input_linear'])
    expect(isExpertStack(module)).toBe(false);
});

describe('one key under two ways of saving', () => {
  it.each<[string, string[], string, string[], string | null]>([
    ['model.layers.0.self_attn.qkv_proj.weight', ['k'], 'model.layers.0.self_attn.k_proj.weight', [], null],
    ['model.layers.0.self_attn.qkv_proj.bias', ['k'], 'model.layers.0.self_attn.k_proj.bias', [], null],
    [
      'model.layers.1.block_sparse_moe.experts.3.w3.weight',
      [],
      'model.layers.1.mlp.experts.gate_up_proj',
      ['3', 'up'],
      'mixtral',
    ],
    ['model.layers.1.block_sparse_moe.gate.weight', [], 'model.layers.1.mlp.gate.weight', [], 'mixtral'],
    ['model.layers.1.block_sparse_moe.gate.weight', [], 'model.layers.1.mlp.router.weight', [], 'phimoe'],
    ['embed_out.weight', [], 'lm_head.weight', [], 'gpt_neox'],
    ['model.layers.1.mlp.switch_mlp.up_proj.weight', ['3'], 'model.layers.1.mlp.experts.3.up_proj.weight', [], null],
  ])('%s %j is %s %j', (first, marks, second, otherMarks, modelType) => {
    const of = familyOf(modelType);
    expect(layoutKey(first, marks, of)).toBe(layoutKey(second, otherMarks, of));
  });
  it('a rename of one family holds in no other, and Meta’s permuted rows get no key of others by themselves', () => {
    expect(layoutKey('embed_out.weight', [], null)).toBe('embed_out');
    expect(layoutKey('layers.0.attention.wq.weight', [], familyOf(null, ['layers.0.attention.wq.weight']))).toBe(
      'layers.0.attention.wq',
    );
  });
});

it('heads divide the rows of query, key and value, and the columns of the output', () => {
  for (const module of ['self_attn.q_proj', 'attn.c_attn#q', 'attention.wq', 'attention.self.query'])
    expect(headSideOf(module)).toEqual({ side: 'rows', heads: 'attention' });
  for (const module of ['self_attn.v_proj', 'qkv_proj#k', 'attention.wv', 'encoder.layer.0.SelfAttention.k'])
    expect(headSideOf(module)).toEqual({ side: 'rows', heads: 'keyValue' });
  for (const module of [
    'self_attn.o_proj',
    'attn.c_proj',
    'attention.dense',
    'vision_model.encoder.self_attn.out_proj',
  ])
    expect(headSideOf(module)).toEqual({ side: 'columns', heads: 'attention' });
  for (const module of ['mlp.c_proj', 'mlp.up_proj', 'linear_attn.out_proj']) expect(headSideOf(module)).toBeNull();
});

it('short names, and the number of an expert in a layer’s list', () => {
  expect(['self_attn.q_proj', 'mlp.c_proj', 'attention.dense'].map(shortName)).toEqual(['q', 'c_proj', 'dense']);
  const name = 'model.layers.2.mlp.experts.63.down_proj.weight';
  expect(labelInLayer({ name, ...describeName(name) })).toBe('mlp.experts.63.down_proj');
  expect(labelInLayer({ name: 'model.norm.weight', layer: null, module: 'norm' })).toBe('norm');
});

it('the cache: none, a window in every layer, another state', () => {
  expect(['bert', 'siglip', 'llama', null].map(isEncoder)).toEqual([true, true, false, false]);
  expect(['mistral', 'mixtral', 'phi3', 'qwen2', null].map(isWindowedThroughout)).toEqual([
    ...[true, true, true],
    ...[false, false],
  ]);
  expect(otherState(['hidden_size', 'kv_lora_rank'])).toContain('MLA');
  expect(otherState(['mamba_d_state'])).toContain('state-space');
  expect(otherState(['hidden_size'])).toBeNull();
});

describe('LoRA names', () => {
  it.each([
    'base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight',
    'base_model.model.model.embed_tokens.lora_embedding_B',
    'model.layers.1.self_attn.q_proj.lora_a',
    'unet.up_blocks.1.attn1.processor.to_q_lora.lora_down.weight',
  ])('%s is a factor', (name) => expect(isAdapterPart(name)).toBe(true));
  it('start uniform, and name their module', () => {
    expect(isAdapterPart('model.layers.1.self_attn.q_proj.weight')).toBe(false);
    expect(startsUniform('m.q_proj.lora_B.weight')).toBe(true);
    expect(startsUniform('m.q_proj.lora_magnitude_vector')).toBe(true);
    expect(startsUniform('m.q_proj.lora_A.weight')).toBe(false);
    expect(startsAtZero('m.q_proj.lora_B.weight')).toBe(true);
    expect(startsAtZero('m.q_proj.lora_magnitude_vector')).toBe(false);
    expect(targetModule('m.q_proj.lora_A.default.weight')).toBe('m.q_proj');
    expect(targetModule('m.q_proj.weight')).toBe('m.q_proj');
  });
});
