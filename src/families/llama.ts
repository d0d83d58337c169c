/** Llama and what is named as it is: Mistral, Qwen 2 and 3, Phi-3's relatives, Olmo, Granite, Cohere. */
import type { Family } from './family.ts';

export const LLAMA: Family = {
  title: 'Llama, Mistral, Qwen',
  modelTypes: [
    ...['llama', 'mistral', 'mistral3', 'ministral', 'qwen2', 'qwen3', 'granite', 'olmo', 'olmo2', 'cohere', 'cohere2'],
    ...['stablelm', 'starcoder2', 'smollm3', 'yi', 'exaone4'],
  ],
  mark: /(^|\.)layers\.\d+\.self_attn\.q_proj\.weight$/,
  heads: ['lm_head', 'shared_head'],
  columns: {
    query: ['q'],
    key: ['k'],
    value: ['v'],
    out: ['o'],
    router: ['router'],
    gate: ['gate'],
    gateUp: ['gate_up'],
    up: ['up'],
    down: ['down'],
  },
  headSides: { query: ['q_proj'], keyValue: ['k_proj', 'v_proj'], out: ['o_proj'] },
  cache: { windowed: ['mistral', 'starcoder2'] },
};
