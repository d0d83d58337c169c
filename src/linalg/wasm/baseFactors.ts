/** What a pair needs of its base alone, out of a thread's memory and back into it: kept, the base is not decomposed again. */
import type { BaseFactors } from '../backend.ts';
import type { KernelMemory } from './kernels.ts';
import { LOW, PRINCIPAL } from './masks.ts';
import type { PairPlan } from './pairPlan.ts';

const WEIGHTS_A_BYTE = 4;
const BITS = 2;

/** Needs the vectors in their places and the masks marked. */
export function takeFactors(
  memory: KernelMemory,
  { shape, leading, base, mask }: PairPlan,
  { angleRank: k, maskRank: r }: { angleRank: number; maskRank: number },
  found: Pick<BaseFactors, 'values' | 'directed' | 'single'>,
): BaseFactors {
  const { q, big, weights } = shape;
  const vectors = (at: number, count: number): Float32Array | Float64Array =>
    found.single ? memory.f32(at, count).slice() : memory.f64(at, count).slice();
  const columns = found.directed ? k : 0;
  return {
    ...found,
    leading: { small: memory.f64(leading.X, q * r).slice(), large: memory.f64(leading.U, big * r).slice() },
    vectors: { small: vectors(base.X, q * columns), large: vectors(base.U, big * columns) },
    masks: packed(memory.bytes(mask, weights)),
  };
}

/** The opposite: vectors and masks lie then where the decomposition would have left them. */
export function putFactors(
  memory: KernelMemory,
  { shape, leading, base, mask }: PairPlan,
  { single, leading: first, vectors, masks }: BaseFactors,
): void {
  memory.f64(leading.X, first.small.length).set(first.small);
  memory.f64(leading.U, first.large.length).set(first.large);
  const put = (at: number, values: Float32Array | Float64Array): void =>
    (single ? memory.f32(at, values.length) : memory.f64(at, values.length)).set(values);
  put(base.X, vectors.small);
  put(base.U, vectors.large);
  unpack(masks, memory.bytes(mask, shape.weights));
}

/** Whether it has the lengths of this pair, and what it was found for. */
export function fitFactors(
  { values, directed, leading, vectors, masks }: BaseFactors,
  { q, big, weights }: PairPlan['shape'],
  { angleRank: k, maskRank: r }: { angleRank: number; maskRank: number },
): boolean {
  const columns = directed ? k : 0;
  return (
    values.length === q &&
    leading.small.length === q * r &&
    leading.large.length === big * r &&
    vectors.small.length === q * columns &&
    vectors.large.length === big * columns &&
    masks.length === Math.ceil(weights / WEIGHTS_A_BYTE)
  );
}

/** A byte a weight, of which PRINCIPAL and LOW are the lowest two bits. */
function packed(marks: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(marks.length / WEIGHTS_A_BYTE));
  for (let i = 0, at = 0; i < marks.length; i += WEIGHTS_A_BYTE, at++) {
    let byte = 0;
    for (let j = 0; j < WEIGHTS_A_BYTE; j++) byte |= ((marks[i + j] ?? 0) & (PRINCIPAL | LOW)) << (BITS * j);
    bytes[at] = byte;
  }
  return bytes;
}
function unpack(bytes: Uint8Array, marks: Uint8Array): void {
  for (let i = 0; i < marks.length; i++)
    marks[i] = ((bytes[i >> BITS] as number) >> (BITS * (i & (WEIGHTS_A_BYTE - 1)))) & (PRINCIPAL | LOW);
}
