/** Short names for two checkpoints: the parts of their paths that differ. */

/** File names that say nothing: the folder's name is the model's. */
const PLAIN_FILE =
  /^(model|pytorch_model|diffusion_pytorch_model|adapter_model|consolidated)(\.fp16|\.bf16)?\.(safetensors|bin|pt|pth|ckpt|gguf|npz)(\.index\.json)?$/i;
const ENDING = /\.(safetensors|bin|pt|pth|ckpt|gguf|npz)(\.index\.json)?$/i;

function segments(path: string): string[] {
  const parts = path.split(/[\\/]+/).filter(Boolean);
  const last = parts.pop() ?? '';
  return parts.length > 0 && PLAIN_FILE.test(last) ? parts : [...parts, last.replace(ENDING, '')];
}

/** For one path its last telling part; for two, the parts between their common beginning and their common end. */
export function shortNames(base: string, tuned: string): { base: string; tuned: string } {
  const a = segments(base);
  const b = segments(tuned);
  const last = { base: a.at(-1) ?? base, tuned: b.at(-1) ?? tuned };
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter - 1 && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head - 1 && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const short = { base: a.slice(head, a.length - tail).join('/'), tuned: b.slice(head, b.length - tail).join('/') };
  return short.base && short.tuned && short.base !== short.tuned ? short : last;
}
