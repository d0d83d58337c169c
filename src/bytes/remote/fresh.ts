/** Answers of servers that are believed for a while, so that one question after another does not ask for the same again. */

/** Reading notices a change by itself. */
const FRESH_MS = 60_000;
/** Of the largest checkpoints known. */
const MOST = 2048;

export class Fresh<T> {
  /** the oldest first */
  private readonly kept = new Map<string, { at: number; value: Promise<T> }>();

  /** `now`: ms, of a clock that only goes forward. */
  constructor(private readonly now: () => number) {}

  get size(): number {
    return this.kept.size;
  }

  /** What was made lately, or is now. A failure is not kept: a server that can't be reached is asked again. */
  get(key: string, make: () => Promise<T>): Promise<T> {
    const now = this.now();
    for (const [old, { at }] of this.kept) {
      if (now - at < FRESH_MS && this.kept.size < MOST) break;
      this.kept.delete(old);
    }
    const known = this.kept.get(key);
    if (known) return known.value;
    const value = make();
    this.kept.set(key, { at: now, value });
    value.catch(() => {
      if (this.kept.get(key)?.value === value) this.kept.delete(key);
    });
    return value;
  }
}
