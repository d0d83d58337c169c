/** So many at once, the others in the order of their coming. */
import { OffaxisError, throwIfAborted } from '../../protocol/errors.ts';

export class Lanes {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** Throws cancelled. */
  async enter(signal?: AbortSignal): Promise<{ leave(): void }> {
    throwIfAborted(signal);
    if (this.free > 0) this.free--;
    else
      await new Promise<void>((resolve, reject) => {
        const go = (): void => {
          signal?.removeEventListener('abort', stop);
          resolve();
        };
        const stop = (): void => {
          this.waiting.splice(this.waiting.indexOf(go), 1);
          reject(new OffaxisError('cancelled', 'Cancelled.'));
        };
        this.waiting.push(go);
        signal?.addEventListener('abort', stop, { once: true });
      });
    return {
      leave: () => {
        const next = this.waiting.shift();
        if (next) next();
        else this.free++;
      },
    };
  }
}
