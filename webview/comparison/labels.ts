/** Short names of the columns, and their order: what people know them by, made longer only where two would be the same. */

/** Attention first, then the MLP, in the order of the data's path; unknown names keep the order of the checkpoint, at the end. */
const ORDER = [
  'q',
  'k',
  'v',
  'qkv',
  'query_key_value',
  'Wqkv',
  'c_attn',
  'o',
  'out',
  'dense',
  'attn.c_proj',
  'attention.dense',
  'router',
  'gate',
  'up',
  'gate_up',
  'w1',
  'w3',
  'fc1',
  'c_fc',
  'dense_h_to_4h',
  'down',
  'w2',
  'fc2',
  'mlp.c_proj',
  'dense_4h_to_h',
];
/** "q_proj" is known as "q"; GPT-2's "c_proj" keeps its name. */
const PROJECTION = /(?<!(^|\.)c)_proj$/;

const part = (module: string): string | null => (module.includes('#') ? module.slice(module.indexOf('#') + 1) : null);
const path = (module: string): string => module.replace(/#.*$/, '').replace(/\.weight$/, '');
const two = (module: string): string => path(module).split('.').slice(-2).join('.');
const last = (module: string): string => path(module).split('.').at(-1) ?? module;

/** "self_attn.q_proj" is "q", "c_attn#k" is "k"; the whole last part, then more of the path, where the short one is taken. */
export function labelsOf(modules: readonly string[]): Map<string, string> {
  const steps: ((m: string) => string)[] = [
    (m) => part(m) ?? last(m).replace(PROJECTION, ''),
    (m) => (part(m) ? `${last(m)} ${part(m)}` : last(m)),
    (m) => [two(m).replace(PROJECTION, ''), part(m)].filter(Boolean).join(' '),
    (m) => [two(m), part(m)].filter(Boolean).join(' '),
    (m) => m,
  ];
  const labels = new Map<string, string>();
  let open = [...modules];
  for (const step of steps) {
    const count = new Map<string, number>();
    for (const module of open) count.set(step(module), (count.get(step(module)) ?? 0) + 1);
    for (const label of labels.values()) count.set(label, (count.get(label) ?? 0) + 1);
    open = open.filter((module) => {
      const label = step(module);
      if ((count.get(label) ?? 0) > 1 && step !== steps.at(-1)) return true;
      labels.set(module, label);
      return false;
    });
  }
  return labels;
}
function rank(module: string): number {
  const short = part(module) ?? last(module).replace(PROJECTION, '');
  const at = [ORDER.indexOf(two(module)), ORDER.indexOf(short)].filter((i) => i >= 0);
  return at.length ? Math.min(...at) : ORDER.length;
}
/** Columns in reading order. */
export const orderModules = (modules: readonly string[]): string[] =>
  modules
    .map((module, index) => ({ module, index, rank: rank(module) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((m) => m.module);
