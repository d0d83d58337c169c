/** Ranks names against what is typed into a quick pick. VS Code's own filter would take all names to the window, and each key through them. */

/** How well one word fits: a whole part of the name, the beginning of one, inside of one, or its letters in order. */
const WHOLE_PART = 100;
const PART_START = 60;
const INSIDE = 40;
const SCATTERED = 20;

const isPartEdge = (character: string | undefined): boolean => character === undefined || '._-/#'.includes(character);

/** 0: the word does not fit. `name` and `word` are in lower case. */
export function wordScore(name: string, word: string): number {
  let best = 0;
  for (let at = name.indexOf(word); at >= 0; at = name.indexOf(word, at + 1)) {
    const starts = isPartEdge(name[at - 1]);
    const ends = isPartEdge(name[at + word.length]);
    best = Math.max(best, starts && ends ? WHOLE_PART : starts ? PART_START : INSIDE);
    if (best === WHOLE_PART) return best;
  }
  // a number is a layer: its digits are not looked for apart from one another
  return best || /^\d+$/.test(word) ? best : scattered(name, word);
}
function scattered(name: string, word: string): number {
  let at = -1;
  let jumps = 0;
  for (const letter of word) {
    const next = name.indexOf(letter, at + 1);
    if (next < 0) return 0;
    if (next !== at + 1 && !isPartEdge(name[next - 1])) jumps++;
    at = next;
  }
  return Math.max(1, SCATTERED - jumps);
}

export interface Ranked<T> {
  item: T;
  score: number;
}
/**
 * The best `limit` items, the best first; those that fit equally well stay in their order. Words are separated by spaces, and every one
 * has to fit. Nothing typed: the first items.
 */
export function rank<T>(items: readonly T[], nameOf: (item: T) => string, query: string, limit: number): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return items.slice(0, limit);
  const ranked: Ranked<T>[] = [];
  for (const item of items) {
    const name = nameOf(item);
    let score = 0;
    for (const word of words) {
      const one = wordScore(name, word);
      if (one === 0) {
        score = 0;
        break;
      }
      score += one;
    }
    if (score > 0) ranked.push({ item, score });
  }
  return ranked
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ item }) => item);
}
