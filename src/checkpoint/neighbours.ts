/** Small tensors that lie together come with one read for all of them: a file may hold half a million. */
import type { ByteSource, FileStamp } from '../bytes/index.ts';
import { throwIfAborted } from '../protocol/errors.ts';

/** Larger pieces are read by themselves. */
const MOST_BYTES = 4 * 1024;
const WINDOW_BYTES = 64 * 1024;
interface Window {
  from: number;
  bytes: Uint8Array;
  /** the bytes are there */
  read: Promise<void>;
}

/** The readings of one open file. */
export class Neighbours {
  private window: Window | null = null;

  constructor(private readonly source: ByteSource) {}

  /**
   * Fills `target` from byte `offset`, and throws it away if the file is not what `stamp` says after that. Throws read-failed and
   * cancelled as a source does.
   */
  async read(offset: number, target: Uint8Array, stamp: FileStamp, signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { length } = target;
    const end = offset + length;
    if (length <= MOST_BYTES && end <= this.source.sizeBytes) {
      const present = this.window;
      const window =
        present && offset >= present.from && end <= present.from + present.bytes.length ? present : this.open(offset);
      if (await this.isGood(window, stamp)) {
        throwIfAborted(signal);
        const at = offset - window.from;
        for (let i = 0; i < length; i++) target[i] = window.bytes[at + i] as number;
        return;
      }
      // What went wrong may lie beside this tensor: it is read alone, and fails for its own reason.
    }
    await this.source.read(offset, target, signal);
    await this.source.check(stamp);
  }

  private open(offset: number): Window {
    const from = offset - (offset % WINDOW_BYTES);
    const bytes = new Uint8Array(Math.min(this.source.sizeBytes - from, WINDOW_BYTES + MOST_BYTES));
    // No signal: others may wait for the same window.
    const read = this.source.read(from, bytes);
    const window: Window = { from, bytes, read };
    // Whoever waits for it hears of it.
    read.catch(() => undefined);
    this.window = window;
    return window;
  }

  private async isGood(window: Window, stamp: FileStamp): Promise<boolean> {
    try {
      await window.read;
      // For every tensor anew: the file may have changed since the window was read.
      await this.source.check(stamp);
      return true;
    } catch {
      if (this.window === window) this.window = null;
      return false;
    }
  }
}
