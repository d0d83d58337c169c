/** What an answer is made of: clauses in their order, each with its figure, what noise gives, and where both are shown. Pure data. */
import type { FigureId } from '../metrics/catalog.ts';
import type { Text } from '../protocol/say.ts';
import type { AnswerKind, AnswerTab } from '../protocol/results.ts';
import type { Word } from './words.ts';

export interface Clause {
  /** which clause of the grammar: stable, in kebab-case */
  code: string;
  kind: AnswerKind;
  /** begins in lower case, ends without a point */
  text: Text;
  /** what it rests on, if the text does not hold it */
  value: Word | null;
  /** what noise, chance or rounding gives */
  noise: Text | null;
  tab: AnswerTab;
  /** the figure of the catalog that shows it; null if none does */
  figure: FigureId | null;
  /** names of the matrices that it speaks of; null: all */
  matrices: readonly string[] | null;
  /** places of the two runs that it speaks of; null: of all, or of one run */
  runs: readonly [number, number] | null;
  /** what stands between it and the clause before it in its sentence */
  joint: ',' | ';';
}
export interface Answer {
  /** the first clauses first; what does not clear noise stands in the last sentence */
  sentences: readonly (readonly Clause[])[];
  /** what the clauses leave open, and why; whole sentences */
  notes: readonly Text[];
}

type Rest = 'value' | 'noise' | 'matrices' | 'runs' | 'joint';
/** A clause; what is not given it does not have, and it follows a semicolon. */
export function clause(given: Omit<Clause, Rest> & Partial<Pick<Clause, Rest>>): Clause {
  return { value: null, noise: null, matrices: null, runs: null, joint: ';', ...given };
}

/** The sentences that have clauses. */
export function answerOf(sentences: readonly (readonly Clause[])[], notes: readonly Text[] = []): Answer {
  return { sentences: sentences.filter(({ length }) => length > 0), notes };
}
