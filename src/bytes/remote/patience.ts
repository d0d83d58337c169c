/** How often and after which pause a request is made again, and what is said meanwhile. */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import type { RemoteEnvironment } from './environment.ts';

/** Of one request, or of one stretch of a file without a byte more. */
export const MOST_TRIES = 6;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A server that asks for a longer pause is not waited for. */
const LONGEST_ASKED_MS = 120_000;

/** A server that hands out a few bytes and breaks off is not asked for each of them. */
const ENOUGH_BYTES = 64 * 1024;

/** Why a request is made again. */
export interface Setback {
  /** "429 (too many requests)" */
  why: string;
  /** the Retry-After of the answer */
  retryAfter?: string | null;
}

export class Patience {
  private tries = 0;
  /** since the last setback */
  private bytes = 0;

  constructor(
    private readonly environment: RemoteEnvironment,
    /** for messages: without anything private */
    private readonly path: string,
    private readonly tell: (line: string) => void,
  ) {}

  /** So many bytes have come: after enough of them the next setback is the first again. */
  came(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes >= ENOUGH_BYTES) this.tries = 0;
  }

  /** Waits before the next try. Throws read-failed if that was the last, or if the server asks for more than two minutes; cancelled. */
  async after({ why, retryAfter = null }: Setback, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.bytes = 0;
    this.tries++;
    if (this.tries >= MOST_TRIES)
      throw new OffaxisError(
        'read-failed',
        say`${this.path} could not be read: ${why}, ${MOST_TRIES} times in a row. Try again later.`,
      );
    const asked = askedMs(retryAfter);
    if (asked !== null && asked > LONGEST_ASKED_MS)
      throw new OffaxisError(
        'read-failed',
        say`${this.path} could not be read: ${why}, and the server asks for a pause of ${Math.round(asked / 1000)} s. Try again after that.`,
      );
    const pause = asked ?? Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.tries - 1));
    this.tell(`${this.path}: ${why}; waiting ${pause / 1000} s before try ${this.tries + 1} of ${MOST_TRIES}.`);
    try {
      await this.environment.wait(pause, signal);
    } finally {
      throwIfAborted(signal);
    }
  }
}

/** Retry-After in seconds. As a date it would need the server's clock: the usual pause then. */
function askedMs(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter.trim()) ? Number(retryAfter) * 1000 : null;
}
