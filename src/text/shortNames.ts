/** Short names for checkpoints beside each other: the parts of their paths that differ. */

/** File names that say nothing: the folder's name is the model's. */
const PLAIN_FILE =
  /^(model|pytorch_model|diffusion_pytorch_model|adapter_model|consolidated)(\.fp16|\.bf16)?\.(safetensors|bin|pt|pth|ckpt|gguf|npz)(\.index\.json)?$/i;
/** A name of more parts tells more of where it lies than of what it is. */
const MOST_PARTS = 2;
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
/** Of each path the parts between their common beginning and their common end; the last ones if that tells them not apart. */
function telling(paths: readonly string[]): Parts[] {
  const split = paths.map(segments);
  const [first = []] = split;
  const shorter = least(split.map(({ length }) => length));
  let head = 0;
  while (head < shorter - 1 && split.every((parts) => parts[head] === first[head])) head++;
  let tail = 0;
  while (tail < shorter - head - 1 && split.every((parts) => parts.at(-1 - tail) === first.at(-1 - tail))) tail++;
  const found = split.map((parts): Parts => ({ parts, from: head, to: parts.length - tail }));
  const ends = split.map((parts): Parts => ({ parts, from: Math.max(0, parts.length - 1), to: parts.length }));
  const tells = (names: readonly Parts[]): boolean => {
    const texts = names.map(textOf);
    return texts.every(Boolean) && new Set(texts).size === paths.length;
  };
  const isLong = found.some(({ from, to }) => to - from > MOST_PARTS);
  return tells(found) && !(isLong && tells(ends)) ? found : ends;
}
const least = (lengths: readonly number[]): number => lengths.reduce((a, b) => Math.min(a, b), Infinity);
const textOf = ({ parts, from, to }: Parts): string => parts.slice(from, to).join('/');
const longer = (of: Parts, folders: number): Parts => ({ ...of, from: Math.max(0, of.from - folders) });

/** For one path its last telling part; for several, the parts between their common beginning and their common end. */
export function shortNamesOf(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return telling(paths).map((found, i) => textOf(found) || (paths[i] ?? ''));
}
export function shortNames(base: string, tuned: string): { base: string; tuned: string } {
  const [one = base, other = tuned] = shortNamesOf([base, tuned]);
  return { base: one, tuned: other };
}

/** "base \u2192 rl", then with one folder more on either side, up to the whole paths: the first that tells comparisons apart. */
export function titlesOf(base: string, tuned: string): string[] {
  const [one, other] = telling([base, tuned]) as [Parts, Parts];
  return Array.from({ length: 1 + Math.max(one.from, other.from) }, (_, folders) => {
    const [left, right] = [textOf(longer(one, folders)), textOf(longer(other, folders))];
    return `${left || base} \u2192 ${right || tuned}`;
  });
}
