/** Which of very many marks are drawn. Pure. */

/** A file decides how many matrices there are: more of them get one tick for all that would look the same. */
export const MOST_TICKS = 2000;
/** `look`: the same for ticks that cannot be told apart, a quarter of a pixel away at most; null for a matrix without one. */
export function distinct<T>(items: readonly T[], look: (item: T) => string | null): readonly T[] {
  if (items.length <= MOST_TICKS) return items;
  const seen = new Map<string, T>();
  for (const item of items) {
    const key = look(item);
    if (key !== null && !seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}
