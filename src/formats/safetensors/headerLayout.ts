/** Whether the entries of a safetensors header fit their types, the file and each other: no holes, no overlaps, nothing left over. */
import { numberType } from '../../numbers/index.ts';
import type { DeclaredEntry } from './headerEntry.ts';
import { quoted, type ProblemList } from '../problems.ts';
import type { HeaderEntry } from '../format.ts';

const BEYOND_64_BITS = 1n << 64n;
const RENEW = 'Download or copy the file again.';
const REWRITE = 'Write it again with the safetensors library.';

export interface FileExtent {
  headerBytes: number;
  fileBytes: number;
  /** the whole header was read; a broken one makes no holes */
  complete: boolean;
}

/** All entries in the order of their data; those whose data cannot be trusted have offset null. */
export function checkLayout(
  declared: readonly DeclaredEntry[],
  extent: FileExtent,
  problems: ProblemList,
): Map<string, HeaderEntry> {
  const dataBytes = extent.fileBytes - extent.headerBytes;
  const spans: { entry: DeclaredEntry; begin: number; end: number; sound: boolean }[] = [];
  const rows = new Map<DeclaredEntry, HeaderEntry>();
  let unplaced = 0;
  for (const entry of declared) {
    const sound = checkSize(entry, problems);
    const fits = entry.offsets !== null && entry.offsets[1] <= dataBytes;
    if (!entry.duplicate) rows.set(entry, row(entry, sound && fits ? extent.headerBytes : null));
    if (entry.offsets) spans.push({ entry, begin: entry.offsets[0], end: entry.offsets[1], sound });
    else unplaced++;
  }
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkContiguity(spans, extent, extent.complete && unplaced === 0, problems);
  const result = new Map<string, HeaderEntry>();
  for (const { entry } of spans) add(result, rows.get(entry));
  for (const entry of rows.values()) add(result, entry);
  return result;
}

function add(result: Map<string, HeaderEntry>, entry: HeaderEntry | undefined): void {
  if (entry && !result.has(entry.name)) result.set(entry.name, entry);
}

function row(entry: DeclaredEntry, dataStart: number | null): HeaderEntry {
  const [begin, end] = entry.offsets ?? [0, 0];
  return {
    name: entry.name,
    dtype: entry.dtype ?? '?',
    shape: (entry.shape ?? []).map(Number),
    sizeBytes: end - begin,
    offset: dataStart === null ? null : dataStart + begin,
  };
}

/** Shape times bits must be the bytes of the span. True if the data can be read as what the entry says. */
function checkSize(entry: DeclaredEntry, problems: ProblemList): boolean {
  const report = (code: string, text: string, advice = REWRITE): boolean => {
    problems.add('error', code, text, advice, { tensor: entry.name, byteOffset: entry.byteOffset });
    return false;
  };
  if (entry.dtype === null || entry.shape === null || entry.offsets === null) return false;
  if (fitsPlainly(entry.dtype, entry.shape, entry.offsets)) return true;
  const shape = `[${entry.shape.slice(0, 16).join(', ')}${entry.shape.length > 16 ? ', …' : ''}]`;
  const elements = productOf(entry.shape);
  if (elements >= BEYOND_64_BITS)
    return report('shape-overflow', `the product of its shape ${shape} overflows 64 bits.`);
  const dtype = numberType(entry.dtype);
  if (!dtype) {
    const text = `its dtype ${quoted(entry.dtype)} is not known to this version; it is listed, not analyzed.`;
    const advice = 'Update Offaxis, or store it in another type.';
    problems.add('warning', 'unknown-dtype', text, advice, { tensor: entry.name, byteOffset: entry.byteOffset });
    return entry.shape.every((side) => typeof side === 'number');
  }
  const bits = elements * BigInt(dtype.bits);
  if (bits / 8n >= BEYOND_64_BITS) {
    return report('size-overflow', `its size in bytes, shape ${shape} of ${dtype.name}, overflows 64 bits.`);
  }
  if (entry.shape.some((side) => typeof side !== 'number')) {
    return report('integer-too-large', `its shape ${shape} holds an integer above 2^53 - 1.`);
  }
  if (bits % 8n !== 0n) {
    return report(
      'partial-byte',
      `${elements} elements of ${dtype.name} (${dtype.bits} bits each) fill no whole number of bytes.`,
    );
  }
  const [begin, end] = entry.offsets;
  if (bits / 8n !== BigInt(end - begin)) {
    const text = `shape ${shape} of ${dtype.name} needs ${bits / 8n} bytes, but its data_offsets hold ${end - begin}.`;
    return report('size-mismatch', text);
  }
  return true;
}

/** Almost every entry: a known type whose bits, counted exactly in a float64, are those of its span. False says nothing. */
function fitsPlainly(
  name: string,
  shape: readonly (number | bigint)[],
  [begin, end]: readonly [number, number],
): boolean {
  const dtype = numberType(name);
  if (!dtype) return false;
  let bits = dtype.bits;
  for (const side of shape) {
    if (typeof side !== 'number') return false;
    bits *= side;
    if (bits > Number.MAX_SAFE_INTEGER) return false;
  }
  return bits === 8 * (end - begin);
}

/** Product in order, as the reference multiplies: 2^64 or more stays an overflow even when a later side is 0. */
function productOf(shape: readonly (number | bigint)[]): bigint {
  let small = 1;
  let product: bigint | null = null;
  for (const side of shape) {
    if (product === null) {
      const next = typeof side === 'number' ? small * side : Infinity;
      if (next <= Number.MAX_SAFE_INTEGER) small = next;
      else product = BigInt(small) * BigInt(side);
    } else product *= BigInt(side);
    if (product !== null && product >= BEYOND_64_BITS) return BEYOND_64_BITS;
  }
  return product ?? BigInt(small);
}

function checkContiguity(
  spans: readonly { entry: DeclaredEntry; begin: number; end: number }[],
  { headerBytes, fileBytes }: FileExtent,
  everySpanKnown: boolean,
  problems: ProblemList,
): void {
  let end = 0;
  let last: string | null = null;
  for (const span of spans) {
    const place = { tensor: span.entry.name, byteOffset: headerBytes + span.begin };
    if (span.begin < end) {
      const text = `its data overlaps that of ${quoted(last ?? '')} by ${Math.min(end, span.end) - span.begin} bytes.`;
      problems.add('error', 'data-overlap', text, REWRITE, place);
    } else if (span.begin > end && everySpanKnown) {
      const text = `${span.begin - end} bytes before its data belong to no tensor.`;
      problems.add('error', 'data-hole', text, REWRITE, place);
    }
    if (span.end > end) {
      end = span.end;
      last = span.entry.name;
    }
  }
  const dataBytes = fileBytes - headerBytes;
  if (end > dataBytes) {
    const cut = spans.filter((span) => span.end > dataBytes).length;
    const text = `the file ends ${end - dataBytes} bytes early; the data of ${cut} of ${spans.length} tensors cannot be read.`;
    problems.add('error', 'data-truncated', text, RENEW, { byteOffset: fileBytes });
  } else if (end < dataBytes && everySpanKnown) {
    const text = `${dataBytes - end} bytes follow the last tensor and belong to none; another format may hide in them.`;
    problems.add('error', 'trailing-bytes', text, REWRITE, { byteOffset: headerBytes + end });
  }
}
