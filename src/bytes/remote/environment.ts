/** What reading from afar needs of the process: a test hands in its own, so that nothing waits and nothing depends on a clock. */
export interface RemoteEnvironment {
  fetch: typeof fetch;
  /** Throws what the signal was aborted with. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** ms, of a clock that only goes forward */
  now(): number;
  /** HF_TOKEN and its like, at the time of each request */
  variables: Readonly<Record<string, string | undefined>>;
  /** A transfer that brings no byte for so long is given up, and taken up again. */
  stallMilliseconds: number;
}

export const SYSTEM: RemoteEnvironment = {
  fetch: (...request) => fetch(...request),
  wait: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, milliseconds);
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    }),
  now: () => performance.now(),
  variables: process.env,
  stallMilliseconds: 60_000,
};
