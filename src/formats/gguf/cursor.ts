/** Reads a file from its beginning on, piece by piece. */
import type { ByteSource } from '../../bytes/index.ts';

/** Why a GGUF file is not read; `code` is that of the problem. */
export class GgufError extends Error {
  constructor(
    readonly code: 'not-gguf' | 'gguf-damaged' | 'gguf-version' | 'big-endian',
    message: string,
  ) {
    super(message);
  }
}

const PIECE_BYTES = 256 * 1024;
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Throws GgufError at the end of the file, read-failed and cancelled. */
export class Cursor {
  position = 0;
  private piece = new Uint8Array(0);
  private pieceAt = 0;

  constructor(
    private readonly source: ByteSource,
    readonly signal?: AbortSignal,
  ) {}

  async number<T>(bytes: number, read: (view: DataView) => T): Promise<T> {
    const chunk = await this.take(bytes);
    return read(new DataView(chunk.buffer, chunk.byteOffset, bytes));
  }

  u32(): Promise<number> {
    return this.number(4, (view) => view.getUint32(0, true));
  }

  /** Throws GgufError if it is larger than any file. */
  async u64(): Promise<number> {
    const value = await this.number(8, (view) => Number(view.getBigUint64(0, true)));
    if (!Number.isSafeInteger(value))
      throw new GgufError('gguf-damaged', `a number of ${value} is larger than any file`);
    return value;
  }

  /** Its length, then its bytes; null if there are more than `most` of them, which are gone past. */
  async text(most: number): Promise<string | null> {
    const length = await this.u64();
    if (length > most) {
      this.skip(length);
      return null;
    }
    return utf8.decode(await this.take(length));
  }

  skip(bytes: number): void {
    if (bytes > this.source.sizeBytes - this.position) throw this.broken();
    this.position += bytes;
  }

  private async take(bytes: number): Promise<Uint8Array> {
    const from = this.position;
    if (bytes > this.source.sizeBytes - from) throw this.broken();
    if (from < this.pieceAt || from + bytes > this.pieceAt + this.piece.length) {
      this.piece = new Uint8Array(Math.min(this.source.sizeBytes - from, Math.max(bytes, PIECE_BYTES)));
      this.pieceAt = from;
      await this.source.read(from, this.piece, this.signal);
    }
    this.position = from + bytes;
    return this.piece.subarray(from - this.pieceAt, from - this.pieceAt + bytes);
  }

  private broken(): GgufError {
    return new GgufError('gguf-damaged', 'the header breaks off');
  }
}
