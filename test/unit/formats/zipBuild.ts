/** ZIP archives made for tests, stored, right or wrong in one chosen way; checksums are zero, as nothing reads them. */

export interface ZipPart {
  name: string;
  /** a number: as many zeros, which take no room in the pieces */
  data: Uint8Array | string | number;
  /** 8 for deflate */
  method?: number;
  encrypted?: boolean;
}
export interface ZipOptions {
  /** sizes and places in ZIP64 fields, and an end of that kind */
  zip64?: boolean;
  /** bytes between the name of a local header and its content, as torch pads them */
  padding?: number;
  comment?: string;
}

const bytesOf = (data: Uint8Array | string): Uint8Array =>
  typeof data === 'string' ? new TextEncoder().encode(data) : data;

export function zip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array {
  const pieces = zipPieces(parts, options);
  const last = pieces.at(-1);
  const file = new Uint8Array(last ? last.at + last.bytes.length : 0);
  for (const { at, bytes } of pieces) file.set(bytes, at);
  return file;
}

/** The archive as pieces with their places, between which there are zeros: one that is larger than memory is written sparsely. */
export function zipPieces(
  parts: readonly ZipPart[],
  { zip64 = false, padding = 0, comment = '' }: ZipOptions = {},
): { at: number; bytes: Uint8Array }[] {
  const pieces: { at: number; bytes: Uint8Array }[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const put = (bytes: Uint8Array): void => {
    pieces.push({ at, bytes });
    at += bytes.length;
  };
  for (const { name, data, method = 0, encrypted = false } of parts) {
    const label = bytesOf(name);
    const content = typeof data === 'number' ? null : bytesOf(data);
    const size = content ? content.length : Number(data);
    const headerAt = at;
    const local = new Uint8Array(30 + label.length + padding);
    const head = new DataView(local.buffer);
    head.setUint32(0, 0x04034b50, true);
    head.setUint16(6, encrypted ? 1 : 0, true);
    head.setUint16(8, method, true);
    head.setUint16(26, label.length, true);
    head.setUint16(28, padding, true);
    local.set(label, 30);
    put(local);
    if (content) put(content);
    else at += size;
    const extra = zip64 ? 28 : 0;
    const entry = new Uint8Array(46 + label.length + extra);
    const view = new DataView(entry.buffer);
    view.setUint32(0, 0x02014b50, true);
    view.setUint16(8, encrypted ? 1 : 0, true);
    view.setUint16(10, method, true);
    view.setUint32(20, zip64 ? 0xffffffff : size, true);
    view.setUint32(24, zip64 ? 0xffffffff : size, true);
    view.setUint16(28, label.length, true);
    view.setUint16(30, extra, true);
    view.setUint32(42, zip64 ? 0xffffffff : headerAt, true);
    entry.set(label, 46);
    if (zip64) {
      const field = 46 + label.length;
      view.setUint16(field, 1, true);
      view.setUint16(field + 2, 24, true);
      view.setBigUint64(field + 4, BigInt(size), true);
      view.setBigUint64(field + 12, BigInt(size), true);
      view.setBigUint64(field + 20, BigInt(headerAt), true);
    }
    directory.push(entry);
  }
  const directoryAt = at;
  for (const entry of directory) put(entry);
  const directoryBytes = at - directoryAt;
  if (zip64) {
    const endAt = at;
    const end64 = new DataView(new ArrayBuffer(56 + 20));
    end64.setUint32(0, 0x06064b50, true);
    end64.setBigUint64(4, 44n, true);
    end64.setBigUint64(24, BigInt(parts.length), true);
    end64.setBigUint64(32, BigInt(parts.length), true);
    end64.setBigUint64(40, BigInt(directoryBytes), true);
    end64.setBigUint64(48, BigInt(directoryAt), true);
    end64.setUint32(56, 0x07064b50, true);
    end64.setBigUint64(64, BigInt(endAt), true);
    end64.setUint32(72, 1, true);
    put(new Uint8Array(end64.buffer));
  }
  const note = bytesOf(comment);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, zip64 ? 0xffff : parts.length, true);
  end.setUint16(10, zip64 ? 0xffff : parts.length, true);
  end.setUint32(12, zip64 ? 0xffffffff : directoryBytes, true);
  end.setUint32(16, zip64 ? 0xffffffff : directoryAt, true);
  end.setUint16(20, note.length, true);
  put(new Uint8Array(end.buffer));
  put(note);
  return pieces;
}
