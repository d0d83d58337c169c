/** Writes a pair of checkpoints that take a while to compare, so that there is something to cancel. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface GeneratedTensor {
  name: string;
  rows: number;
  columns: number;
}

/** The block matrices of a small Llama: `layers` times a query projection of `width` x `width` and an up projection. */
export function llamaMatrices(layers: number, width: number): GeneratedTensor[] {
  return Array.from({ length: layers }, (_, layer) => [
    { name: `model.layers.${layer}.self_attn.q_proj.weight`, rows: width, columns: width },
    { name: `model.layers.${layer}.mlp.up_proj.weight`, rows: width, columns: width },
  ]).flat();
}

/** A bf16 safetensors file with uniform weights in +-0.05; every `step`-th weight is one bf16 code larger than in the file of step 0. */
export function writeCheckpoint(path: string, tensors: GeneratedTensor[], step: number): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const { name, rows, columns } of tensors) {
    header[name] = { dtype: 'BF16', shape: [rows, columns], data_offsets: [end, (end += rows * columns * 2)] };
  }
  const weights = new Uint16Array(end / 2);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  // A linear congruential generator (Numerical Recipes): the same weights in both files, without a library.
  let state = 1;
  for (let i = 0; i < weights.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    float[0] = (state / 2 ** 32 - 0.5) / 10;
    weights[i] = ((bits[0] ?? 0) >>> 16) + (step > 0 && i % step === 0 ? 1 : 0);
  }
  let json = JSON.stringify(header);
  json += ' '.repeat((8 - (json.length % 8)) % 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([length, Buffer.from(json), Buffer.from(weights.buffer)]));
}
