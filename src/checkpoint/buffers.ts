/**
 * Shared memory that is used again. V8 counts none of it, so that a buffer that nobody holds any more lies there until something else
 * makes a collection worth while, in every thread that has seen it: matrix after matrix, the process would grow by all of them.
 */
export class SharedBuffers {
  private readonly free: SharedArrayBuffer[] = [];

  /** So many bytes, not cleared. */
  take(bytes: number): Uint8Array {
    let found = -1;
    for (const [i, { byteLength }] of this.free.entries())
      if (byteLength >= bytes && byteLength <= 2 * bytes && byteLength < (this.free[found]?.byteLength ?? Infinity))
        found = i;
    const [buffer = new SharedArrayBuffer(bytes)] = found < 0 ? [] : this.free.splice(found, 1);
    return new Uint8Array(buffer, 0, bytes);
  }

  /** Nobody reads what `take` gave, in no thread. */
  give({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.free.push(buffer);
  }
}
