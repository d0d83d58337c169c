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

interface Parts {
  parts: readonly string[];
  from: number;
  to: number;
}
/** The parts between the common beginning and the common end; the last ones if that tells nothing. */
function telling(base: string, tuned: string): { base: Parts; tuned: Parts } {
  const [a, b] = [segments(base), segments(tuned)];
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter - 1 && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < shorter - head - 1 && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const between = (parts: readonly string[]): Parts => ({ parts, from: head, to: parts.length - tail });
  const found = { base: between(a), tuned: between(b) };
  const [left, right] = [textOf(found.base), textOf(found.tuned)];
  if (left && right && left !== right) return found;
  const last = (parts: readonly string[]): Parts => ({ parts, from: Math.max(0, parts.length - 1), to: parts.length });
  return { base: last(a), tuned: last(b) };
}
const textOf = ({ parts, from, to }: Parts): string => parts.slice(from, to).join('/');
const longer = (of: Parts, folders: number): Parts => ({ ...of, from: Math.max(0, of.from - folders) });

/** For one path its last telling part; for two, the parts between their common beginning and their common end. */
export function shortNames(base: string, tuned: string): { base: string; tuned: string } {
  const found = telling(base, tuned);
  return { base: textOf(found.base) || base, tuned: textOf(found.tuned) || tuned };
}

/** "base \u2192 rl", then with one folder more on either side, up to the whole paths: the first that tells comparisons apart. */
export function titlesOf(base: string, tuned: string): string[] {
  const found = telling(base, tuned);
  return Array.from({ length: 1 + Math.max(found.base.from, found.tuned.from) }, (_, folders) => {
    const [left, right] = [textOf(longer(found.base, folders)), textOf(longer(found.tuned, folders))];
    return `${left || base} \u2192 ${right || tuned}`;
  });
}
