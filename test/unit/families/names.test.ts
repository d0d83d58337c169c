import { describe, expect, it } from 'vitest';
import { describeName, normalizeName } from '../../../src/families/index.ts';

describe('layer, module and role by name', () => {
  it.each<[string, number | null, string, string]>([
    ['model.embed_tokens.weight', null, 'embed_tokens', 'embedding'],
    ['lm_head.weight', null, 'lm_head', 'head'],
    ['model.norm.weight', null, 'norm', 'norm'],
    ['model.layers.0.self_attn.q_proj.weight', 0, 'self_attn.q_proj', 'block'],
    ['model.layers.31.self_attn.q_proj.bias', 31, 'self_attn.q_proj.bias', 'block'],
    ['model.layers.3.self_attn.q_norm.weight', 3, 'self_attn.q_norm', 'norm'],
    ['model.layers.3.input_layernorm.weight', 3, 'input_layernorm', 'norm'],
    ['model.layers.3.pre_feedforward_layernorm.weight', 3, 'pre_feedforward_layernorm', 'norm'],
    ['layers.7.attention.wq.weight', 7, 'attention.wq', 'block'],
    ['tok_embeddings.weight', null, 'tok_embeddings', 'embedding'],
    ['output.weight', null, 'output', 'head'],
    ['h.11.attn.c_attn.weight', 11, 'attn.c_attn', 'block'],
    ['transformer.h.11.mlp.c_fc.weight', 11, 'mlp.c_fc', 'block'],
    ['transformer.h.2.attn.bias', 2, 'attn.bias', 'bookkeeping'],
    ['transformer.h.2.attn.c_attn.bias', 2, 'attn.c_attn.bias', 'block'],
    ['transformer.h.2.ln_1.weight', 2, 'ln_1', 'norm'],
    ['transformer.wte.weight', null, 'wte', 'embedding'],
    ['wpe.weight', null, 'wpe', 'embedding'],
    ['model.layers.5.self_attn.qkv_proj.weight', 5, 'self_attn.qkv_proj', 'block'],
    ['gpt_neox.layers.4.attention.query_key_value.weight', 4, 'attention.query_key_value', 'block'],
    ['gpt_neox.layers.4.attention.bias', 4, 'attention.bias', 'bookkeeping'],
    ['gpt_neox.layers.4.attention.dense.bias', 4, 'attention.dense.bias', 'block'],
    ['gpt_neox.layers.4.attention.rotary_emb.inv_freq', 4, 'attention.rotary_emb.inv_freq', 'bookkeeping'],
    ['gpt_neox.embed_in.weight', null, 'embed_in', 'embedding'],
    ['embed_out.weight', null, 'embed_out', 'head'],
    ['model.layers.9.block_sparse_moe.experts.7.w1.weight', 9, 'block_sparse_moe.experts.w1', 'block'],
    ['model.layers.9.block_sparse_moe.gate.weight', 9, 'block_sparse_moe.gate', 'block'],
    ['model.layers.2.mlp.experts.63.down_proj.weight', 2, 'mlp.experts.down_proj', 'block'],
    ['model.layers.2.mlp.shared_expert.gate_proj.weight', 2, 'mlp.shared_expert.gate_proj', 'block'],
    ['model.layers.2.self_attn.kv_a_proj_with_mqa.weight', 2, 'self_attn.kv_a_proj_with_mqa', 'block'],
    ['model.language_model.layers.8.linear_attn.in_proj_qkv.weight', 8, 'linear_attn.in_proj_qkv', 'block'],
    ['model.language_model.layers.8.mlp.experts.gate_up_proj', 8, 'mlp.experts.gate_up_proj', 'block'],
    ['model.layers.0.mlp.down_proj.weight_scale_inv', 0, 'mlp.down_proj.weight_scale_inv', 'bookkeeping'],
    ['model.layers.0.mlp.down_proj.qzeros', 0, 'mlp.down_proj.qzeros', 'bookkeeping'],
    ['model.layers.0.mlp.down_proj.SCB', 0, 'mlp.down_proj.SCB', 'bookkeeping'],
    ['model.layers.0.mlp.experts.gate_up_proj_scales', 0, 'mlp.experts.gate_up_proj_scales', 'bookkeeping'],
    ['model.layers.0.mlp.experts.gate_up_proj_blocks', 0, 'mlp.experts.gate_up_proj_blocks', 'block'],
    ['model.visual.blocks.3.attn.qkv.weight', 3, 'visual.attn.qkv', 'block'],
    [
      'model.vision_tower.encoder.layers.3.mlp.down_proj.linear.weight',
      3,
      'vision_tower.encoder.mlp.down_proj.linear',
      'block',
    ],
    ['model.mtp_layers.0.input_proj.weight', 0, 'mtp_layers.input_proj', 'block'],
    ['encoder.block.2.layer.0.SelfAttention.q.weight', 2, 'encoder.layer.0.SelfAttention.q', 'block'],
    ['base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight', 1, 'self_attn.q_proj.lora_A', 'block'],
    ['_orig_mod.model.layers.1._fsdp_wrapped_module.mlp.up_proj.weight', 1, 'mlp.up_proj', 'block'],
    ['roberta.encoder.layer.6.attention.self.query.weight', 6, 'attention.self.query', 'block'],
    ['stages.2.mixer.3.kernel', 2, 'stages.mixer.3.kernel', 'block'],
    ['layer3.conv1.weight', 3, 'conv1', 'block'],
    ['fc1.weight', null, 'fc1', 'other'],
    ['weight', null, 'weight', 'other'],
    ['', null, '', 'other'],
    ['7', 7, '7', 'block'],
  ])('%s', (name, layer, module, role) => {
    expect(describeName(name)).toMatchObject({ layer, module, role });
  });
  it('keeps the expert of an expert', () => {
    expect(describeName('model.layers.2.mlp.experts.63.down_proj.weight').expert).toBe(63);
    expect(describeName('model.layers.2.mlp.down_proj.weight').expert).toBeNull();
  });
  it('strips every prefix of FORMATS and nothing else', () => {
    for (const prefix of [
      'base_model.model.',
      'model.language_model.',
      'language_model.model.',
      'transformer.',
      'module.',
      '_orig_mod.',
      '_fsdp_wrapped_module.',
      '',
    ]) {
      expect(normalizeName(`${prefix}layers.0.mlp.up_proj.weight`)).toBe('layers.0.mlp.up_proj.weight');
    }
    expect(normalizeName('model.')).toBe('model.');
    expect(normalizeName('modelling.x')).toBe('modelling.x');
  });
});
