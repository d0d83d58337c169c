/** Short names of the columns, and their order: what people know them by, made longer only if two would be the same. */
import { columnPlace, lastOf, lastTwoOf, partOf, shortName, withoutProjection } from './columns.ts';

/** "self_attn.q_proj" is "q", "c_attn#k" is "k"; the whole last part, then more of the path, if the short one is taken. */
export function labelsOf(modules: readonly string[]): Map<string, string> {
  const steps: ((m: string) => string)[] = [
    (m) => partOf(m) ?? shortName(m),
    (m) => (partOf(m) ? `${lastOf(m)} ${partOf(m)}` : lastOf(m)),
    (m) => [withoutProjection(lastTwoOf(m)), partOf(m)].filter(Boolean).join(' '),
    (m) => [lastTwoOf(m), partOf(m)].filter(Boolean).join(' '),
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
/** Columns in reading order. */
export const orderModules = (modules: readonly string[]): string[] =>
  modules
    .map((module, index) => ({ module, index, place: columnPlace(module) }))
    .sort((a, b) => a.place - b.place || a.index - b.index)
    .map((m) => m.module);
