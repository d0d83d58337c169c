/**
 * What a ZIP archive holds and where, read by ranges: the directory at its end, ZIP64 or not (APPNOTE.TXT 6.3.10). The contents must be
 * stored as they are, as PyTorch and NumPy store them; what is compressed is refused by name when it is asked for.
 */
import type { ByteSource } from '../bytes/index.ts';
import { quoted } from './problems.ts';

/** The archive is damaged, or of a kind that is not read. The message names what is wrong. */
export class ZipError extends Error {
  constructor(
    readonly code: 'zip-damaged' | 'zip-compressed' | 'zip-encrypted',
    message: string,
    readonly byte: number,
  ) {
    super(message);
  }
}

export interface ZipEntry {
  readonly name: string;
  /** of its content, bytes */
  readonly size: number;
  /** 0 if it is stored as it is */
  readonly method: number;
  readonly encrypted: boolean;
  /** of its local header, in the file */
  readonly headerAt: number;
}
export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Where the content of an entry begins in the file. Throws ZipError, read-failed and cancelled. */
  dataOffset(entry: ZipEntry, signal?: AbortSignal): Promise<number>;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const END64_BYTES = 56;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MOST_COMMENT_BYTES = 65535;
const SHORT_TAIL_BYTES = 1024;
/** Half a million entries with long names; a larger directory is none of a checkpoint. */
const MOST_DIRECTORY_BYTES = 256 * 1024 * 1024;
const ALL_16 = 0xffff;
const ALL_32 = 0xffffffff;

/** The archive in `length` bytes of the source from `start` on. Throws ZipError, read-failed and cancelled. */
export async function readZip(
  source: ByteSource,
  signal?: AbortSignal,
  start = 0,
  length = source.sizeBytes - start,
): Promise<Zip> {
  const read = async (at: number, bytes: number): Promise<DataView> => {
    if (at < start || bytes < 0 || at + bytes > start + length)
      throw new ZipError('zip-damaged', 'the ZIP archive is damaged: its directory points outside of it', at);
    const buffer = new Uint8Array(bytes);
    await source.read(at, buffer, signal);
    return new DataView(buffer.buffer);
  };
  const { directoryAt, directoryBytes, count } = await findDirectory(read, start, length);
  if (directoryBytes > MOST_DIRECTORY_BYTES)
    throw new ZipError('zip-damaged', `the ZIP archive has a directory of ${directoryBytes} bytes`, directoryAt);
  const directory = await read(directoryAt, directoryBytes);
  const entries = parseDirectory(directory, directoryAt, count, start);
  return {
    entries,
    async dataOffset(entry, stop) {
      if (entry.encrypted)
        throw new ZipError('zip-encrypted', `${quoted(entry.name)} in the archive is encrypted`, entry.headerAt);
      if (entry.method !== 0)
        throw new ZipError('zip-compressed', `${quoted(entry.name)} in the archive is compressed`, entry.headerAt);
      const bytes = new Uint8Array(LOCAL_BYTES);
      if (entry.headerAt + LOCAL_BYTES > start + length) throw outside(entry);
      await source.read(entry.headerAt, bytes, stop);
      const view = new DataView(bytes.buffer);
      if (view.getUint32(0, true) !== 0x04034b50)
        throw new ZipError(
          'zip-damaged',
          `${quoted(entry.name)} does not begin where the archive says`,
          entry.headerAt,
        );
      const at = entry.headerAt + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
      if (at + entry.size > start + length) throw outside(entry);
      return at;
    },
  };
}

function outside(entry: ZipEntry): ZipError {
  const text = `${quoted(entry.name)} reaches past the end of the archive`;
  return new ZipError('zip-damaged', text, entry.headerAt);
}

type Read = (at: number, bytes: number) => Promise<DataView>;

async function findDirectory(
  read: Read,
  start: number,
  length: number,
): Promise<{ directoryAt: number; directoryBytes: number; count: number }> {
  // Comments are rare: what they may take is looked through only if the end is not where it is without one.
  let found = await findEnd(read, start, length, SHORT_TAIL_BYTES);
  if (!found && length > SHORT_TAIL_BYTES) found = await findEnd(read, start, length, END_BYTES + MOST_COMMENT_BYTES);
  if (!found) {
    const text = 'the ZIP archive has no directory at its end: the file is cut off, or was not written to its end';
    throw new ZipError('zip-damaged', text, start + length);
  }
  const { view, end, endAt } = found;
  const [count, directoryBytes, directoryAt] = [
    view.getUint16(end + 10, true),
    view.getUint32(end + 12, true),
    view.getUint32(end + 16, true),
  ];
  const is64 = count === ALL_16 || directoryBytes === ALL_32 || directoryAt === ALL_32;
  if (!is64) return { directoryAt: start + directoryAt, directoryBytes, count };
  if (endAt - start < LOCATOR_BYTES) return { directoryAt: start + directoryAt, directoryBytes, count };
  const locator = await read(endAt - LOCATOR_BYTES, LOCATOR_BYTES);
  // Without a locator the numbers are what they are.
  if (locator.getUint32(0, true) !== 0x07064b50) return { directoryAt: start + directoryAt, directoryBytes, count };
  const end64At = start + Number(locator.getBigUint64(8, true));
  const end64 = await read(end64At, END64_BYTES);
  if (end64.getUint32(0, true) !== 0x06064b50)
    throw new ZipError('zip-damaged', 'the ZIP archive is damaged: its ZIP64 directory is not where it says', end64At);
  return {
    count: Number(end64.getBigUint64(32, true)),
    directoryBytes: Number(end64.getBigUint64(40, true)),
    directoryAt: start + Number(end64.getBigUint64(48, true)),
  };
}

async function findEnd(
  read: Read,
  start: number,
  length: number,
  most: number,
): Promise<{ view: DataView; end: number; endAt: number } | null> {
  const tail = Math.min(length, most);
  const view = await read(start + length - tail, tail);
  for (let end = tail - END_BYTES; end >= 0; end--) {
    const isEnd = view.getUint32(end, true) === 0x06054b50;
    if (isEnd && end + END_BYTES + view.getUint16(end + 20, true) <= tail)
      return { view, end, endAt: start + length - tail + end };
  }
  return null;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function parseDirectory(view: DataView, at: number, count: number, start: number): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  let position = 0;
  for (let i = 0; i < count; i++) {
    if (position + CENTRAL_BYTES > view.byteLength || view.getUint32(position, true) !== 0x02014b50)
      throw new ZipError(
        'zip-damaged',
        `the directory of the ZIP archive breaks off at entry ${i + 1} of ${count}`,
        at + position,
      );
    const flags = view.getUint16(position + 8, true);
    const method = view.getUint16(position + 10, true);
    const nameBytes = view.getUint16(position + 28, true);
    const extraBytes = view.getUint16(position + 30, true);
    const next = position + CENTRAL_BYTES + nameBytes + extraBytes + view.getUint16(position + 32, true);
    if (next > view.byteLength)
      throw new ZipError(
        'zip-damaged',
        `the directory of the ZIP archive breaks off at entry ${i + 1} of ${count}`,
        at + position,
      );
    const name = utf8.decode(new Uint8Array(view.buffer, position + CENTRAL_BYTES, nameBytes));
    const sizes = {
      stored: view.getUint32(position + 20, true),
      size: view.getUint32(position + 24, true),
      headerAt: view.getUint32(position + 42, true),
    };
    widen(view, position + CENTRAL_BYTES + nameBytes, extraBytes, sizes);
    if (method === 0 && sizes.stored !== sizes.size)
      throw new ZipError('zip-damaged', `${quoted(name)} is stored in another size than its own`, at + position);
    if (!Number.isSafeInteger(sizes.size) || !Number.isSafeInteger(sizes.headerAt))
      throw new ZipError('zip-damaged', `${quoted(name)} is larger than any file`, at + position);
    if (entries.has(name))
      throw new ZipError('zip-damaged', `${quoted(name)} stands twice in the archive`, at + position);
    const encrypted = (flags & 1) !== 0;
    entries.set(name, { name, size: sizes.size, method, encrypted, headerAt: start + sizes.headerAt });
    position = next;
  }
  return entries;
}

/** Takes from the ZIP64 field, in this order, what did not fit into 32 bits. */
function widen(
  view: DataView,
  from: number,
  bytes: number,
  sizes: { stored: number; size: number; headerAt: number },
): void {
  for (let at = from; at + 4 <= from + bytes;) {
    const id = view.getUint16(at, true);
    const end = Math.min(from + bytes, at + 4 + view.getUint16(at + 2, true));
    if (id === 1) {
      let field = at + 4;
      for (const key of ['size', 'stored', 'headerAt'] as const) {
        if (sizes[key] !== ALL_32 || field + 8 > end) continue;
        sizes[key] = Number(view.getBigUint64(field, true));
        field += 8;
      }
      return;
    }
    at = end;
  }
}
