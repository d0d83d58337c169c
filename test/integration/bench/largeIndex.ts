/** A checkpoint with as many tensors and shards as the largest that is published, and next to no weights. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The largest published index: a mixture of experts of 61 layers in 162 shards. */
export const TENSORS = 35_743;
export const SHARDS = 162;

/** One tensor of two bf16 weights a name, so that every shard is a whole safetensors file of some kilobytes. */
export function writeLargeIndex(folder: string): { index: string; bytes: number } {
  mkdirSync(folder, { recursive: true });
  const names: string[] = ['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'];
  const attention = ['q_a_proj', 'q_b_proj', 'kv_a_proj_with_mqa', 'kv_b_proj', 'o_proj'];
  for (let layer = 0; names.length < TENSORS; layer++) {
    names.push(...attention.map((part) => `model.layers.${layer}.self_attn.${part}.weight`));
    names.push(`model.layers.${layer}.input_layernorm.weight`, `model.layers.${layer}.mlp.gate.weight`);
    for (let expert = 0; expert < 195; expert++)
      for (const part of ['gate_proj', 'up_proj', 'down_proj'])
        names.push(`model.layers.${layer}.mlp.experts.${expert}.${part}.weight`);
  }
  names.length = TENSORS;
  const shardOf = (i: number): string =>
    `model-${String(Math.floor((i * SHARDS) / TENSORS) + 1).padStart(5, '0')}-of-${String(SHARDS).padStart(6, '0')}.safetensors`;
  const shards = new Map<string, string[]>();
  const weightMap: Record<string, string> = {};
  names.forEach((name, i) => {
    const shard = shardOf(i);
    weightMap[name] = shard;
    shards.set(shard, [...(shards.get(shard) ?? []), name]);
  });
  for (const [shard, members] of shards) {
    const header = Object.fromEntries(
      members.map((name, i) => [name, { dtype: 'BF16', shape: [1, 2], data_offsets: [4 * i, 4 * i + 4] }]),
    );
    let json = JSON.stringify(header);
    json += ' '.repeat((8 - (json.length % 8)) % 8);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(join(folder, shard), Buffer.concat([length, Buffer.from(json), Buffer.alloc(4 * members.length)]));
  }
  const text = JSON.stringify({ metadata: { total_size: 4 * TENSORS }, weight_map: weightMap }, null, 2);
  // the explorer draws only rows in view, and these come before the shards
  const index = join(folder, 'a.safetensors.index.json');
  writeFileSync(index, text);
  return { index, bytes: text.length };
}
