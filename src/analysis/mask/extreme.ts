/** The entries of largest or smallest absolute value, without sorting all of them. */

const DIGITS = 65536;

/**
 * Marks the `size` entries of greatest (or least) absolute value; ties to the lowest index. `values` are finite. The bits of absolute
 * values ascend as they do, so the limit is found 16 of them at a time (radix selection), and among the last 32 by sorting what is left.
 */
export function extreme(values: Float64Array, size: number, which: 'largest' | 'smallest'): Uint8Array {
  const count = values.length;
  const mask = new Uint8Array(count);
  if (size <= 0) return mask;
  if (size >= count) return mask.fill(1);
  // The rank of the limit from below, and how many of the entries that equal it are chosen.
  const rank = which === 'largest' ? count - size : size - 1;
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  const histogram = new Uint32Array(DIGITS);
  for (let i = 0; i < count; i++) count1(histogram, ((words[2 * i + 1] as number) & 0x7fffffff) >>> 16);
  const first = placeOf(histogram, rank);
  histogram.fill(0);
  for (let i = 0; i < count; i++) {
    const top = (words[2 * i + 1] as number) & 0x7fffffff;
    if (top >>> 16 === first.digit) count1(histogram, top & 0xffff);
  }
  const second = placeOf(histogram, first.left);
  const top = first.digit * DIGITS + second.digit;
  const like = new Float64Array(histogram[second.digit] as number);
  for (let i = 0, at = 0; i < count; i++)
    if (((words[2 * i + 1] as number) & 0x7fffffff) === top) like[at++] = Math.abs(values[i] as number);
  const limit = like.sort()[second.left] as number;
  let left = size;
  for (let i = 0; i < count; i++) {
    const size = Math.abs(values[i] as number);
    if (which === 'largest' ? size > limit : size < limit) {
      mask[i] = 1;
      left--;
    }
  }
  for (let i = 0; i < count && left > 0; i++)
    if (Math.abs(values[i] as number) === limit) {
      mask[i] = 1;
      left--;
    }
  return mask;
}

function count1(histogram: Uint32Array, digit: number): void {
  histogram[digit] = (histogram[digit] as number) + 1;
}

/** The digit at which the entry of this rank from below lies, and its rank among those of that digit. */
function placeOf(histogram: Uint32Array, rank: number): { digit: number; left: number } {
  let left = rank;
  let digit = 0;
  while ((histogram[digit] as number) <= left) left -= histogram[digit++] as number;
  return { digit, left };
}
