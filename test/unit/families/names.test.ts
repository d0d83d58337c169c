import { dottedKohya } from '../../../src/families/kohya.ts';
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

describe('names of Kohya', () => {
  /** published files: SD 1.5, SDXL (LDM's names), Flux in both spellings, SD 3, Wan, CLIP, T5 */
  it.each([
    [
      'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q',
      'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q',
    ],
    [
      'lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj',
      'unet.mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj',
    ],
    ['lora_unet_up_blocks_2_resnets_1_time_emb_proj', 'unet.up_blocks.2.resnets.1.time_emb_proj'],
    ['lora_unet_down_blocks_0_attentions_1_proj_in', 'unet.down_blocks.0.attentions.1.proj_in'],
    [
      'lora_unet_up_blocks_1_attentions_2_transformer_blocks_0_attn2_to_out_0',
      'unet.up_blocks.1.attentions.2.transformer_blocks.0.attn2.to_out.0',
    ],
    ['lora_unet_down_blocks_2_resnets_0_conv_shortcut', 'unet.down_blocks.2.resnets.0.conv_shortcut'],
    [
      'lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_k',
      'unet.input_blocks.4.1.transformer_blocks.0.attn1.to_k',
    ],
    ['lora_unet_output_blocks_0_0_in_layers_2', 'unet.output_blocks.0.0.in_layers.2'],
    ['lora_unet_middle_block_1_proj_out', 'unet.middle_block.1.proj_out'],
    ['lora_unet_double_blocks_0_img_attn_qkv', 'unet.double_blocks.0.img_attn.qkv'],
    ['lora_unet_double_blocks_18_txt_mod_lin', 'unet.double_blocks.18.txt_mod.lin'],
    ['lora_unet_single_blocks_37_modulation_lin', 'unet.single_blocks.37.modulation.lin'],
    ['lora_unet_joint_blocks_5_context_block_attn_proj', 'unet.joint_blocks.5.context_block.attn.proj'],
    ['lora_unet_blocks_3_self_attn_q', 'unet.blocks.3.self_attn.q'],
    ['lora_transformer_single_transformer_blocks_9_proj_mlp', 'transformer.single_transformer_blocks.9.proj_mlp'],
    ['lora_transformer_transformer_blocks_0_ff_context_net_2', 'transformer.transformer_blocks.0.ff_context.net.2'],
    [
      'lora_te_text_model_encoder_layers_11_self_attn_q_proj',
      'text_encoder.text_model.encoder.layers.11.self_attn.q_proj',
    ],
    ['lora_te1_text_model_encoder_layers_0_mlp_fc1', 'text_encoder.text_model.encoder.layers.0.mlp.fc1'],
    [
      'lora_te2_text_model_encoder_layers_31_self_attn_out_proj',
      'text_encoder_2.text_model.encoder.layers.31.self_attn.out_proj',
    ],
    [
      'lora_te3_encoder_block_0_layer_1_DenseReluDense_wi_0',
      'text_encoder_3.encoder.block.0.layer.1.DenseReluDense.wi_0',
    ],
    ['lycoris_transformer_blocks_0_attn_to_add_out', 'transformer_blocks.0.attn.to_add_out'],
  ])('%s', (kohya, dotted) => {
    expect(dottedKohya(`${kohya}.lora_down.weight`)).toBe(`${dotted}.lora_down.weight`);
    const [one, other] = [describeName(`${kohya}.alpha`), describeName(`${dotted}.alpha`)];
    expect(one).toEqual(other);
  });

  it('no other name is one', () => {
    for (const name of ['model.layers.0.self_attn.q_proj.lora_A.weight', 'lora_A.weight', 'unet.lora_unet_x.weight'])
      expect(dottedKohya(name)).toBeNull();
  });
});
