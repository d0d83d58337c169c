/** All families, and which of them a model is of. What a name alone decides holds for all of them together. */
import { BERT } from './bert.ts';
import { CHATGLM } from './chatglm.ts';
import type { Family } from './family.ts';
import { GEMMA } from './gemma.ts';
import { GPT_OSS } from './gptOss.ts';
import { GPT2 } from './gpt2.ts';
import { GRANITE_MOE } from './graniteMoe.ts';
import { INTERNLM2 } from './internlm2.ts';
import { LLAMA } from './llama.ts';
import { LLAMA_CPP } from './llamaCpp.ts';
import { LLAMA4 } from './llama4.ts';
import { META } from './meta.ts';
import { MIXTRAL } from './mixtral.ts';
import { MLX } from './mlx.ts';
import { NEOX } from './neox.ts';
import { PACKED_QKV } from './packedQkv.ts';
import { PHI3 } from './phi3.ts';
import { PHIMOE } from './phimoe.ts';
import { QWEN_MOE } from './qwenMoe.ts';
import { QWEN3_5_MOE } from './qwen35Moe.ts';
import { STATE_SPACE } from './stateSpace.ts';
import { T5 } from './t5.ts';
import { VISION } from './vision.ts';

/** By mark the first that fits is taken: what has Llama's names and more stands before Llama, what has a tower beside it before vision. */
export const FAMILIES: readonly Family[] = [
  ...[GPT_OSS, LLAMA4, QWEN3_5_MOE, GRANITE_MOE, MLX, MIXTRAL, PHIMOE, QWEN_MOE, GEMMA, PHI3],
  ...[LLAMA_CPP, LLAMA, META, GPT2, NEOX, CHATGLM, INTERNLM2, PACKED_QKV, STATE_SPACE, BERT, T5, VISION],
];

/** The family that config.json's `model_type` names, else the first one that a name marks; null for a model that none knows. */
export function familyOf(modelType: string | null, names: Iterable<string> = []): Family | null {
  const stated = modelType === null ? undefined : FAMILIES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (stated) return stated;
  // Names of one module in other layers say nothing new.
  const kinds = new Set<string>();
  for (const name of names) kinds.add(name.replace(/(?<=^|\.)\d+(?=\.)/g, '0'));
  const marked = new Set<Family>();
  for (const kind of kinds) for (const family of FAMILIES) if (family.mark?.test(kind) === true) marked.add(family);
  return FAMILIES.find((family) => marked.has(family)) ?? null;
}

/** A list of one field over all families. */
export function everyFamily<T>(field: (family: Family) => readonly T[] | undefined): T[] {
  return FAMILIES.flatMap((family) => field(family) ?? []);
}

/** Matches a module that is one of these or ends with one of them after a dot. */
export function endsWithOne(ends: readonly string[]): RegExp {
  return new RegExp(`(^|\\.)(${ends.map((end) => end.replaceAll('.', '\\.')).join('|')})$`);
}
