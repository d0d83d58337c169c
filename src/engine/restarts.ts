/** How often a crashed engine is started again, and how soon. */

/** A crash that repeats is not an accident: after this many within a minute the user decides. */
export const MAX_CRASHES_PER_MINUTE = 8;
const WINDOW_MS = 60_000;
/** Wait before the start that follows the n-th crash of the last minute. The first crash costs no wait. */
const DELAYS_MS = [0, 0, 100, 250, 500, 1000, 2000, 4000] as const;

export class RestartBudget {
  private crashes: number[] = [];

  /** `now`: a monotonic clock in milliseconds. */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly delaysMs: readonly number[] = DELAYS_MS,
  ) {}

  recordCrash(): void {
    this.crashes.push(this.now());
  }
  /** Crashes of the last minute. */
  get recent(): number {
    const oldest = this.now() - WINDOW_MS;
    this.crashes = this.crashes.filter((time) => time > oldest);
    return this.crashes.length;
  }
  /** Milliseconds to wait before the next start; null when it may not be started. */
  delayMs(): number | null {
    const { recent } = this;
    return recent >= MAX_CRASHES_PER_MINUTE ? null : (this.delaysMs[recent] ?? 0);
  }
  /** The user asked for another try. */
  reset(): void {
    this.crashes = [];
  }
}
