/** Strict UTF-8. */

/** Offset of the first byte that is not valid UTF-8, or null. */
export function firstInvalidUtf8(bytes: Uint8Array): number | null {
  const valid = (end: number, whole: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end), { stream: !whole });
      return true;
    } catch {
      return false;
    }
  };
  if (valid(bytes.length, true)) return null;
  // Bisection over prefixes: a prefix is valid as a stream as long as it holds no bad byte.
  let good = 0;
  let bad = bytes.length;
  if (valid(bad, false)) return lastSequenceStart(bytes);
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (valid(middle, false)) good = middle;
    else bad = middle;
  }
  return good;
}

/** Start of the sequence that the end of the bytes cuts off. */
function lastSequenceStart(bytes: Uint8Array): number {
  let at = bytes.length - 1;
  while (at > 0 && ((bytes[at] as number) & 0xc0) === 0x80) at--;
  return at;
}
