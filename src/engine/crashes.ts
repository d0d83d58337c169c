/**
 * What happens to long work when the engine crashes under it: everything finished is kept, the matrices that were in flight are tried
 * once more, each alone, so that the one which brings the process down is known; it is reported failed, and the rest goes on. No
 * matrix is tried more than twice. A crash during GPU work is blamed on the GPU: the next process computes on the CPU, all at once.
 */
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { EngineCrashedError, EngineStoppedError } from './errors.ts';
import { appendAll } from '../protocol/lists.ts';

export interface CrashTolerantWork<E> {
  /** Names not finished, in the order in which the engine takes them; null while nothing is known of the work. */
  unfinished(): string[] | null;
  /** Items that the engine works on at once. */
  parallelism(): number;
  /** The unfinished work, or one item of it alone. */
  start(only: string | null): AsyncIterable<E>;
  /** The item's work ended without an event of its own. */
  finish(name: string): void;
  /** Marks the item finished and tells so. */
  fail(name: string, error: OffaxisError): E[];
}

/** Throws what the work throws, but crashes; a crash before the work is known is tolerated once. */
export async function* surviveCrashes<E>(
  work: CrashTolerantWork<E>,
  signal: AbortSignal,
): AsyncGenerator<E, void, undefined> {
  const suspects: string[] = [];
  let blindCrashes = 0;
  for (;;) {
    const suspect = suspects.shift();
    try {
      yield* work.start(suspect ?? null);
      if (suspect === undefined) return;
      work.finish(suspect);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof EngineStoppedError) {
        if (suspect !== undefined) suspects.unshift(suspect);
      } else if (!(error instanceof EngineCrashedError)) throw error;
      else if (error.duringGpuWork) {
        if (suspect !== undefined) suspects.unshift(suspect);
      } else if (suspect !== undefined) yield* work.fail(suspect, crashedOn(suspect));
      else {
        const unfinished = work.unfinished();
        if (unfinished === null && ++blindCrashes > 1) throw error;
        if (unfinished?.length === 0) return;
        appendAll(suspects, (unfinished ?? []).slice(0, Math.max(1, work.parallelism())));
      }
    }
  }
}

function crashedOn(name: string): OffaxisError {
  return new OffaxisError(
    'device-lost',
    say`${name}: the engine crashed on this tensor twice, so it is left out. See "Offaxis: Show Log"; with less memory in use, Retry may help.`,
  );
}
