/** Exact masks: the N entries of largest or smallest absolute value, ties to the lowest row-major index. */
import type { Layout } from './kernels.ts';
import { type Address, type KernelMemory, type Kernels } from './kernels.ts';
import type { Format } from './source.ts';

const DIGITS = 65536;
/** Bits at which the 16-bit digits of an absolute value begin, from the top; the last one may overlap the one before. */
const SHIFTS: Readonly<Record<Format, readonly number[]>> = { 2: [0], 4: [16, 0], 8: [47, 31, 15, 0] };

export function planSelection(layout: Layout): Address {
  return layout.take(DIGITS * 4);
}

export interface Selection {
  format: Format;
  values: Address;
  count: number;
  /** how many to choose, 1 to count */
  size: number;
  largest: boolean;
}
/** Bits of the absolute value that the last one of `size` chosen values has, and how many of those with these bits are chosen. */
export function extremeOf(
  memory: KernelMemory,
  kernels: Kernels,
  histogram: Address,
  { format, values, count, size, largest }: Selection,
): { bits: bigint; ties: number } {
  let wanted = size; // of those that share the prefix
  let prefix = 0n;
  let above = 64;
  for (const shift of SHIFTS[format]) {
    const digits = memory.u32(histogram, DIGITS).fill(0);
    kernels.countDigits(format, values, count, shift, above, prefix, histogram);
    let digit = largest ? DIGITS - 1 : 0;
    while ((digits[digit] ?? 0) < wanted) {
      wanted -= digits[digit] ?? 0;
      digit += largest ? -1 : 1;
    }
    // the part of the prefix that the digit does not repeat
    const kept = above === 64 ? 0n : (prefix << BigInt(above)) & ~((1n << BigInt(shift + 16)) - 1n);
    prefix = (kept >> BigInt(shift)) | BigInt(digit);
    above = shift;
  }
  return { bits: prefix, ties: wanted };
}

/**
 * Sets bit `flag` in the mask byte of the `size` chosen values among `count` at `values`. `histogram`: planSelection. Returns the bits of
 * the absolute value that the last chosen one has.
 */
export function markExtreme(
  memory: KernelMemory,
  kernels: Kernels,
  histogram: Address,
  selection: Selection & { flag: number; mask: Address },
): bigint {
  const { format, values, count, size, largest, flag, mask } = selection;
  if (size <= 0) return 0n;
  const { bits, ties } = extremeOf(memory, kernels, histogram, selection);
  kernels.markBeyond(format, values, count, bits, largest ? 1 : 0, ties, flag, mask);
  return bits;
}
