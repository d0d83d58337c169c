/** What the reader has narrowed the page to: the matrices of one clause of the answer, the layers of a brush. Pure. */
import type { Answer, Clause } from '../../src/answer/clause.ts';
import type { Brush, Ui } from './view.ts';

/** In the order of reading: `ui.clause` is a place in it. */
export const clausesOf = (answer: Answer | null): readonly Clause[] => answer?.sentences.flat() ?? [];

/** Made once for a clause, which may name a hundred thousand matrices. */
const NAMES = new WeakMap<Clause, ReadonlySet<string>>();

/** Names of the matrices that are lit, if a clause is pressed that speaks of some; null: all of them as they are. */
export function litNames(answer: Answer | null, { clause }: Pick<Ui, 'clause'>): ReadonlySet<string> | null {
  const pressed = clause === null ? undefined : clausesOf(answer)[clause];
  if (!pressed?.matrices) return null;
  let names = NAMES.get(pressed);
  if (!names) NAMES.set(pressed, (names = new Set(pressed.matrices)));
  return names;
}
export const isInBrush = (layer: number | null, brush: Brush | null): boolean =>
  brush === null || (layer !== null && layer >= brush.from && layer <= brush.to);
