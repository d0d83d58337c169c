import { english, translatedIn, type Text } from './say.ts';

/** The ways in which work can end early. `code` crosses every process border; texts say what, where and what to do. */
export const ERROR_CODES = [
  'bad-file',
  'read-failed',
  'bad-parameter',
  'beyond-memory',
  'device-lost',
  'cancelled',
  'peer-gone',
  'bug',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error for people: one clear sentence, never a stack trace. */
export class OffaxisError extends Error {
  /** the sentence with its arguments, if it can be translated */
  readonly text: Text | undefined;
  constructor(
    readonly code: ErrorCode,
    message: string | Text,
    options?: ErrorOptions,
  ) {
    super(typeof message === 'string' ? message : english(message), options);
    this.name = 'OffaxisError';
    if (typeof message !== 'string') this.text = message;
  }
}

/** What goes over the wire in place of an Error object. */
export interface WireError {
  code: ErrorCode;
  /** in English, for logs, the command line and language models */
  message: string;
  /** the same before it was filled in: who shows it to a reader translates it */
  text?: Text;
}

/** Any thrown value as a WireError. An AbortError becomes `cancelled`; what is not ours is a `bug`. */
export function toWireError(error: unknown): WireError {
  if (error instanceof OffaxisError)
    return { code: error.code, message: error.message, ...(error.text && { text: error.text }) };
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.' };
  return { code: 'bug', message: error instanceof Error ? error.message : String(error) };
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
}

/** What `error` says in the language of `dictionary`, which knows messages alone, as VS Code's does. */
export const sentenceOf = ({ message, text }: WireError, dictionary: (message: string) => string): string =>
  text ? translatedIn(text, dictionary) : message;
