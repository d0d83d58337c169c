/** An answer as text: for people in their language, and in plain English for terminals, files and language models. */
import { english, type Text } from '../protocol/say.ts';
import type { AnswerClause, ComparisonAnswer } from '../protocol/results.ts';
import type { Answer, Clause } from './clause.ts';
import type { Word } from './words.ts';

/** Puts a text into the reader's language. */
export type Tell = (text: Text) => string;
const toldBy =
  (tell: Tell) =>
  (word: Word): string =>
    typeof word === 'string' ? word : tell(word);

/** A sentence begins in upper case, but a name stays as it is. */
function beginsWithName({ message, args }: Text): boolean {
  const index = /^\{(\d+)\}/.exec(message)?.[1];
  const first = index === undefined ? undefined : args[Number(index)];
  return typeof first === 'string' || (first !== undefined && beginsWithName(first));
}
function beginning(text: Text, told: string): string {
  return beginsWithName(text) ? told : told.slice(0, 1).toLocaleUpperCase() + told.slice(1);
}

/** "(74.6 %, noise 70 %)"; empty for a clause that says it all. */
export function evidenceText({ value, noise }: Pick<Clause, 'value' | 'noise'>, tell: Tell): string {
  const parts = [value, noise].flatMap((part) => (part ? [toldBy(tell)(part)] : []));
  return parts.length > 0 ? `(${parts.join(', ')})` : '';
}
/** A clause in its place in a sentence, without what it rests on. */
export function clauseText(clause: Clause, isFirst: boolean, tell: Tell): string {
  const told = tell(clause.text);
  return isFirst ? beginning(clause.text, told) : told;
}
/** Sentences and notes, each a text. */
export function sentencesOf({ sentences, notes }: Answer, tell: Tell): string[] {
  const whole = (clauses: readonly Clause[]): string =>
    clauses
      .map((clause, at) => {
        const text = [clauseText(clause, at === 0, tell), evidenceText(clause, tell)].filter(Boolean).join(' ');
        return at === 0 ? text : `${clause.joint} ${text}`;
      })
      .join('');
  return [...sentences.map((clauses) => `${whole(clauses)}.`), ...notes.map(tell)];
}

/** English with the spaces and signs that every terminal has; "×" and "°" are left. */
const plain = (text: string): string =>
  text
    .replaceAll('×\u202f', '×')
    .replaceAll('\u202f', ' ')
    .replace(/[\u2212\u2013]/g, '-');
const plainWord = (word: Word): string => plain(toldBy(english)(word));

/** In English, one sentence after the other; empty before there is an answer. */
export const answerText = (answer: Answer): string => plain(sentencesOf(answer, english).join(' '));

/** As it stands in the JSON of a comparison. */
export function answerJson(answer: Answer): ComparisonAnswer {
  const json = ({ code, kind, text, value, noise, tab, figure, matrices }: Clause): AnswerClause => ({
    code,
    kind,
    text: plainWord(text),
    value: value && plainWord(value),
    noise: noise && plainWord(noise),
    tab,
    figure,
    matrices: matrices && [...matrices],
  });
  return {
    text: answerText(answer),
    sentences: answer.sentences.map((clauses) => clauses.map(json)),
    notes: answer.notes.map(plainWord),
  };
}
