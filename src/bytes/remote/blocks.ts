/** Stretches of remote files that were read, so that a second look at the same bytes does not travel again. */

/** A whole number of them is asked for at once if as much is read; what is smaller is read in pages. */
export const BLOCK_BYTES = 1024 * 1024;
export const PAGE_BYTES = 64 * 1024;

/** Keeps blocks beyond the process, as a cache on disk does. The key names the file and its version, which its server vouches for. */
export interface BlockStore {
  /** null if it is not there; never throws */
  get(key: string): Promise<Uint8Array | null>;
  /** never throws */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** so many bytes fit; a comparison that reads more has some of them travel twice */
  readonly capacityBytes: number;
}

/** The blocks and pages that were used last, in memory. */
export class RecentBlocks {
  private readonly kept = new Map<string, Uint8Array>();
  private bytes = 0;

  constructor(private readonly mostBytes: number) {}

  get(key: string): Uint8Array | null {
    const found = this.kept.get(key);
    if (!found) return null;
    this.kept.delete(key);
    this.kept.set(key, found);
    return found;
  }

  put(key: string, bytes: Uint8Array): void {
    this.bytes -= this.kept.get(key)?.length ?? 0;
    this.kept.delete(key);
    this.kept.set(key, bytes);
    this.bytes += bytes.length;
    for (const [old, { length }] of this.kept) {
      if (this.bytes <= this.mostBytes) return;
      this.kept.delete(old);
      this.bytes -= length;
    }
  }
}
