/** Numbers, shares and lists in words. */
import { isPartial } from '../metrics/coverage.ts';
import { say, type Text } from '../protocol/say.ts';
import { integer, percent, times } from '../protocol/format.ts';

export type Word = Text | string;

const SHARES: readonly [number, Text][] = [
  [0.05, say('one in twenty')],
  [0.1, say('a tenth')],
  [0.2, say('a fifth')],
  [0.25, say('a quarter')],
  [1 / 3, say('a third')],
  [0.5, say('half')],
  [2 / 3, say('two thirds')],
  [0.75, say('three quarters')],
  [0.9, say('nine tenths')],
];
/** How far a share may lie from the word that stands for it. */
const NEAR_SHARE = 0.04;
/** Over this nearly all; under these no word is near, and then no percentage reads well. */
const NEARLY_ALL = 0.98;
const LEAST_WORD = 0.035;
const LEAST_PERCENT = 0.001;

/** A share from 0 to 1 of many, as the subject of "of the weights". */
export function shareWord(share: number): Word {
  if (share === 0) return say('none');
  if (share === 1) return say('all');
  if (share >= NEARLY_ALL) return say('nearly all');
  if (share < LEAST_PERCENT) return say('one in {0}', integer(Number((1 / share).toPrecision(1))));
  if (share < LEAST_WORD) return percent(share, 2);
  const [value, word] = SHARES.reduce((a, b) => (Math.abs(b[0] - share) < Math.abs(a[0] - share) ? b : a));
  if (Math.abs(value - share) <= NEAR_SHARE) return word;
  return say('about {0}', percent(Math.round(share * 20) / 20, 2));
}

const FOLDS: readonly Text[] = [
  say('twice'),
  say('three times'),
  say('four times'),
  say('five times'),
  say('six times'),
  say('seven times'),
  say('eight times'),
  say('nine times'),
  say('ten times'),
];
/** How far a factor may lie from a whole number that is said in a word. */
const NEAR_FOLD = 0.3;

/** A factor, for "moved ... as far as". */
export function foldWord(factor: number): Word {
  const whole = Math.round(factor);
  const word = FOLDS[whole - 2];
  return word && Math.abs(factor - whole) <= NEAR_FOLD ? word : times(factor, 2);
}

const COUNTS: readonly Text[] = [say('two'), say('three'), say('four'), say('five'), say('six')];
/** A number of things from two on: in a word up to six. */
export const countWord = (n: number): Word => COUNTS[n - 2] ?? integer(n);

/** Of a list or of ranges, written out; the rest is counted. */
const LISTED = 6;

/** "q, k and v"; a long list says how many more there are. */
export function listed(items: readonly Word[]): Word {
  const rest = items.length - LISTED;
  const shown = rest > 0 ? [...items.slice(0, LISTED), say('{0} more', integer(rest))] : items;
  return shown.reduce((before, item, at) =>
    at === shown.length - 1 ? say('{0} and {1}', before, item) : say('{0}, {1}', before, item),
  );
}

/** "6–17 and 20" of whole numbers; two neighbours stay two. */
export function rangesOf(numbers: readonly number[]): Word {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const runs: string[] = [];
  for (let at = 0; at < sorted.length;) {
    const first = sorted[at] as number;
    let last = first;
    while (sorted[++at] === last + 1) last++;
    if (last - first > 1) runs.push(`${first}–${last}`);
    else for (let n = first; n <= last; n++) runs.push(String(n));
  }
  return listed(runs);
}

/** "layer 3", "layers 6–17 and 20" */
export const layersWord = (layers: readonly number[]): Text =>
  layers.length === 1 ? say('layer {0}', String(layers[0])) : say('layers {0}', rangesOf(layers));

/** No figure of the whole stands without the share of the base that was compared, if that is a part only. */
export function ofCompared<W extends Word>(value: W, coverage: number | null): W | Text {
  return isPartial(coverage) ? say("{0}; compared are {1} of the base's weights", value, percent(coverage)) : value;
}
