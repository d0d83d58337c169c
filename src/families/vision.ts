/** Vision towers, alone or beside a language model: ViT, CLIP, SigLIP, DINO; Qwen-VL's `visual.blocks`. */
import type { Family } from './family.ts';

export const VISION: Family = {
  title: 'vision towers',
  modelTypes: ['vit', 'clip', 'clip_vision_model', 'siglip', 'siglip_vision_model', 'dinov2'],
  mark: /^(vision_model|vit)\.encoder\.layers?\.\d+\./,
  buffers: [String.raw`(^|\.)num_batches_tracked$`],
  fused: { qkv: 'qkv', in_proj_weight: 'qkv' },
  columns: { qkv: ['qkv'], out: ['out', 'attn.proj'], up: ['fc1'], down: ['fc2'] },
  headSides: { out: ['self_attn.out_proj'] },
  cache: {
    none: ['vit', 'clip', 'siglip', 'dinov2'],
    otherState: [[/^cross_attention_layers$/, 'cross-attention layers cache the other input']],
  },
};

/** A tower for pictures or sound beside a language model, by the parts of a module's path: it has heads of its own. */
const TOWER = /(^|\.)(visual|vision|vit|audio|speech|image|img|sam|clip|siglip)(_\w+)?(\.|$)/;
export const isTower = (module: string): boolean => TOWER.test(module);
