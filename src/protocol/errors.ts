/** The ways in which work can end early. `code` crosses every process border; texts say what, where and what to do. */
export const ERROR_CODES = [
  'bad-file',
  'read-failed',
  'bad-parameter',
  'device-lost',
  'cancelled',
  'peer-gone',
  'bug',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error for people: one clear sentence, never a stack trace. */
export class OffaxisError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'OffaxisError';
  }
}

/** What goes over the wire in place of an Error object. */
export interface WireError {
  code: ErrorCode;
  message: string;
}

/** Any thrown value as a WireError. An AbortError becomes `cancelled`; what is not ours is a `bug`. */
export function toWireError(error: unknown): WireError {
  if (error instanceof OffaxisError) return { code: error.code, message: error.message };
  if (error instanceof Error && error.name === 'AbortError') return { code: 'cancelled', message: 'Cancelled.' };
  return { code: 'bug', message: error instanceof Error ? error.message : String(error) };
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OffaxisError('cancelled', 'Cancelled.');
}
