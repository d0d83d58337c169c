/** Keeps what is worked out again and again, while results stream in, to a share of the host's time. */

/** Of the time that passes. */
const SHARE = 0.05;

export class ShareOfTime {
  private allowedAt = 0;

  /** Does it, unless it was done so lately that it would take more than its share. `always`: in any case. */
  spend(always: boolean, work: () => void): void {
    const begin = performance.now();
    if (!always && begin < this.allowedAt) return;
    work();
    const end = performance.now();
    this.allowedAt = end + (end - begin) / SHARE;
  }
}
