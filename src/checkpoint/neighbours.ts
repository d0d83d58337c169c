/** Small tensors that lie together come with one read for all of them, and one look at the file: it may hold half a million. */
import type { ByteSource, FileStamp } from '../bytes/index.ts';
import { throwIfAborted } from '../protocol/errors.ts';

/** Larger pieces are read by themselves. */
const MOST_BYTES = 4 * 1024;
const WINDOW_BYTES = 64 * 1024;

/**
 * A stretch of the file, for one pass over it. Its bytes were read before the file was looked at, so that one look answers for all that
 * is handed out of it. What is asked for once more (by a later stage of a run) is read once more: the file may have changed since.
 */
interface Window {
  from: number;
  bytes: Uint8Array;
  /** where the pass has come to, in the file */
  passed: number;
  /** the bytes are there, and the file was the same after that */
  isGood: Promise<boolean>;
}

/** The readings of one open file. */
export class Neighbours {
  private window: Window | null = null;

  /** `stamp`: what the file must be. */
  constructor(
    private readonly source: ByteSource,
    private readonly stamp: FileStamp,
  ) {}

  /**
   * Fills `target` from byte `offset`, and throws it away if the file was not what the stamp says after that. Throws read-failed and
   * cancelled as a source does.
   */
  async read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { length } = target;
    if (length <= MOST_BYTES && offset + length <= this.source.sizeBytes) {
      const window = this.windowOf(offset, offset + length);
      if (await window.isGood) {
        throwIfAborted(signal);
        const at = offset - window.from;
        for (let i = 0; i < length; i++) target[i] = window.bytes[at + i] as number;
        return;
      }
      if (this.window === window) this.window = null;
      // What went wrong may lie beside this tensor: it is read alone, and fails for its own reason.
    }
    await this.source.read(offset, target, signal);
    await this.source.check(this.stamp);
  }

  private windowOf(offset: number, end: number): Window {
    let { window } = this;
    if (!window || offset < window.passed || end > window.from + window.bytes.length)
      this.window = window = this.open(offset);
    window.passed = end;
    return window;
  }

  private open(offset: number): Window {
    const from = offset - (offset % WINDOW_BYTES);
    const bytes = new Uint8Array(Math.min(this.source.sizeBytes - from, WINDOW_BYTES + MOST_BYTES));
    return { from, bytes, passed: offset, isGood: this.fill(from, bytes) };
  }

  private async fill(from: number, bytes: Uint8Array): Promise<boolean> {
    try {
      // No signal: others may wait for the same window.
      await this.source.read(from, bytes);
      await this.source.check(this.stamp);
      return true;
    } catch {
      return false;
    }
  }
}
