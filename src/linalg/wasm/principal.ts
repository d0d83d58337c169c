/**
 * The principal mask: the largest entries of the rank-r reconstruction L R', exactly as float64 tells them apart. The reconstruction is made
 * in float32, which leaves a few entries close to the threshold in doubt; those are computed in float64.
 */
import type { Address, KernelMemory, Kernels } from './kernels.ts';
import { PRINCIPAL } from './masks.ts';
import { extremeOf, markExtreme } from './select.ts';

export interface PrincipalInput {
  rows: number;
  columns: number;
  r: number;
  /** L [rows, r] and R [columns, r], float64 */
  left: Address;
  right: Address;
  /** entries to choose */
  size: number;
  mask: Address;
  /** planSelection */
  selection: Address;
  /** rows * columns float64 values of room */
  room: Address;
  work: Address;
}

/** Unit roundoff of float32. */
const UNIT = 2 ** -24;
/** Roundings of a sum of r products beside the r additions: both factors', the product's, and those between blocks of the sum. */
const ROUNDINGS = 8;
/** The largest entry's bound in float32: products of it stay far from overflow, what is lost below stays far under the error. */
const RANGE = [1e-25, 1e25] as const;
/** Entries in doubt, as a share of all, above which float64 takes over. */
const MOST_IN_DOUBT = 1 / 64;

/** Marks the mask. Returns how many entries beside the last chosen one lie within `distance` of its size. */
export function markPrincipal(memory: KernelMemory, kernels: Kernels, input: PrincipalInput, distance: number): number {
  return input.size <= 0
    ? 0
    : (markBySingle(memory, kernels, input, distance) ?? markByDouble(memory, kernels, input, distance));
}

/** Null if float32 does not serve. */
function markBySingle(
  memory: KernelMemory,
  kernels: Kernels,
  { rows, columns, r, left, right, size, mask, selection, room, work }: PrincipalInput,
  distance: number,
): number | null {
  const count = rows * columns;
  const most = Math.floor(count * MOST_IN_DOUBT);
  const [L, R] = [memory.f64(left, rows * r), memory.f64(right, columns * r)];
  const greatest = longest(L, r) * longest(R, r);
  if (!(greatest > RANGE[0] && greatest < RANGE[1]) || (rows + columns) * r + most > count) return null;
  const left32 = room + count * 4;
  const right32 = left32 + rows * r * 4;
  const found = right32 + columns * r * 4;
  kernels.demote(left, r, rows, r, left32, r);
  kernels.demote(right, r, columns, r, right32, r);
  kernels.sgemm(rows, columns, r, 1, left32, r, 1, right32, 1, r, 0, room, columns, work);
  const all = { format: 4, values: room, count } as const;
  const extreme = extremeOf(memory, kernels, selection, { ...all, size, largest: true });
  const threshold = asSingle(extreme.bits);
  // |sum l r - what float32 makes of it| <= (r + roundings) u sum |l r|; the threshold itself is off by no more, so twice that on each side
  const error = (r + ROUNDINGS) * UNIT * greatest;
  const beside = 1.05 * (2 * error + distance);
  const [low, high] = [Math.fround(threshold - beside), Math.fround(threshold + beside)];
  if (!(low > 0)) return null;
  const doubtful = kernels.collectWithin(room, count, low, high, found, most);
  if (doubtful > most) return null;
  const single = memory.f32(room, count);
  let beyond = size - extreme.ties;
  const candidates = Array.from(memory.u32(found, doubtful), (index) => {
    if (Math.abs(single[index] as number) > threshold) beyond--;
    return { index, value: Math.abs(entry(L, R, r, Math.floor(index / columns), index % columns)) };
  });
  candidates.sort((a, b) => b.value - a.value || a.index - b.index);
  const chosen = candidates.slice(0, size - beyond);
  kernels.markBeyond(4, room, count, bitsOf(high), 1, 0, PRINCIPAL, mask);
  const marks = memory.bytes(mask, count);
  for (const { index } of chosen) marks[index] = (marks[index] as number) | PRINCIPAL;
  const last = chosen.at(-1)?.value ?? 0;
  return candidates.filter(({ value }) => Math.abs(value - last) <= distance).length - 1;
}

function markByDouble(
  memory: KernelMemory,
  kernels: Kernels,
  { rows, columns, r, left, right, size, mask, selection, room, work }: PrincipalInput,
  distance: number,
): number {
  kernels.dgemm(rows, columns, r, 1, left, r, 1, right, 1, r, 0, room, columns, work);
  const all = { format: 8, values: room, count: rows * columns } as const;
  const bits = markExtreme(memory, kernels, selection, { ...all, size, largest: true, flag: PRINCIPAL, mask });
  const threshold = new Float64Array(BigUint64Array.of(bits).buffer)[0] ?? 0;
  let near = -1;
  for (const value of memory.f64(room, rows * columns)) if (Math.abs(Math.abs(value) - threshold) <= distance) near++;
  return Math.max(0, near);
}

/** The greatest length of a row. */
function longest(values: Float64Array, r: number): number {
  let most = 0;
  for (let from = 0; from < values.length; from += r) {
    let squares = 0;
    for (let k = from; k < from + r; k++) squares += (values[k] as number) ** 2;
    if (squares > most) most = squares;
  }
  return Math.sqrt(most);
}
function entry(L: Float64Array, R: Float64Array, r: number, row: number, column: number): number {
  let sum = 0;
  for (let k = 0; k < r; k++) sum += (L[row * r + k] as number) * (R[column * r + k] as number);
  return sum;
}
function asSingle(bits: bigint): number {
  return new Float32Array(Uint32Array.of(Number(bits)).buffer)[0] as number;
}
function bitsOf(value: number): bigint {
  return BigInt(new Uint32Array(Float32Array.of(value).buffer)[0] as number);
}
