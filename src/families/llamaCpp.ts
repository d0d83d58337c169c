/**
 * GGUF files: llama.cpp's names (gguf-py/gguf/tensor_mapping.py), Hugging Face's put for them before two sides are paired. Its converter
 * lays the rows of query and key of some architectures in pairs, as Meta's files have them (convert_hf_to_gguf.py, `permute`).
 */
import type { Family } from './family.ts';

export const LLAMA_CPP: Family = {
  title: 'llama.cpp',
  modelTypes: [],
  mark: /^(blk\.\d+\.(attn_(q|qkv|norm|output)|ffn_(up|down|norm))|token_embd)\.weight$/,
  buffers: [String.raw`(^|\.)rope_(freqs|factors_(long|short))(\.weight)?$`],
  embeddings: ['token_embd', 'position_embd', 'token_types'],
  heads: ['output'],
  fused: { attn_qkv: 'qkv' },
  stacks: ['ffn_gate_exps', 'ffn_up_exps', 'ffn_down_exps'],
  columns: {
    query: ['attn_q'],
    key: ['attn_k'],
    value: ['attn_v'],
    qkv: ['attn_qkv'],
    out: ['attn_output'],
    router: ['ffn_gate_inp'],
    gate: ['ffn_gate', 'ffn_gate_exps'],
    up: ['ffn_up', 'ffn_up_exps'],
    down: ['ffn_down', 'ffn_down_exps'],
  },
  headSides: { query: ['attn_q'], keyValue: ['attn_k', 'attn_v'], out: ['attn_output'] },
  published: {
    attn_q: 'self_attn.q_proj',
    attn_k: 'self_attn.k_proj',
    attn_v: 'self_attn.v_proj',
    attn_qkv: 'self_attn.qkv_proj',
    attn_output: 'self_attn.o_proj',
    attn_q_norm: 'self_attn.q_norm',
    attn_k_norm: 'self_attn.k_norm',
    attn_norm: 'input_layernorm',
    ffn_gate: 'mlp.gate_proj',
    ffn_up: 'mlp.up_proj',
    ffn_down: 'mlp.down_proj',
    ffn_gate_inp: 'mlp.gate',
    ffn_gate_exps: 'mlp.experts.gate_proj',
    ffn_up_exps: 'mlp.experts.up_proj',
    ffn_down_exps: 'mlp.experts.down_proj',
    token_embd: 'embed_tokens',
    output_norm: 'norm',
  },
  rotaryPairs: ['attn_q', 'attn_k'],
};

/**
 * Architectures whose rows of query and key the converter lays in pairs; and those whose rows it leaves as Hugging Face has them. Of
 * each the `modify_tensors` that runs was read, with `undo_permute` as its class inherits it.
 */
const IN_PAIRS = new Set(
  (
    'llama mistral3 deci smollm3 granite granitemoe granitehybrid baichuan xverse internlm2 minicpm olmo chameleon arcee ' +
    'arctic deepseek bailingmoe llada'
  ).split(' '),
);
const AS_PUBLISHED = new Set(
  (
    'qwen2 qwen2moe qwen2vl qwen3 qwen3moe qwen3vl qwen3vlmoe gemma gemma2 gemma3 gemma3n phi2 phi3 phimoe starcoder2 stablelm ' +
    'olmo2 olmoe deepseek2 dots1 dream ernie4_5 ernie4_5-moe cohere2 command-r hunyuan-dense hunyuan-moe lfm2 gpt-oss glm4moe ' +
    'exaone exaone4 nemotron llama4 apertus'
  ).split(' '),
);
/** Architectures whose norms the converter stores as 1 + w: of Gemma neither gemma3n's nor gemma4's (`norm_shift` is 0 there). */
const NORMS_FROM_ONE = new Set('gemma gemma2 gemma3 gemma-embedding nemotron'.split(' '));

/** true: in pairs; false: as Hugging Face has them; null: it is not known. */
export function ggufRowsInPairs(architecture: string): boolean | null {
  return IN_PAIRS.has(architecture) ? true : AS_PUBLISHED.has(architecture) ? false : null;
}

export const ggufNormsFromOne = (architecture: string): boolean => NORMS_FROM_ONE.has(architecture);
