/**
 * Which runs of the flat partitions make up each parameter (deepspeed/utils/zero_to_fp32.py). ZeRO-1 and 2: of each group, the processes'
 * partitions in a row, padded at the end. ZeRO-3: every parameter is split into as many equal runs as there are processes, the last
 * ones padded, and each process has its runs in a row over all groups.
 */
import { appendAll, elementCount } from '../../protocol/lists.ts';
import type { Box, HeaderEntry } from '../format.ts';
import { TorchError } from '../torch/archive.ts';
import { elementBytes } from '../torch/tensor.ts';
import { CONVERT, type Flat, type Rank } from './states.ts';

export type Groups = readonly ReadonlyMap<string, readonly number[]>[];
/** `absent`: a part of it lies in the file of that rank, which is not there. */
export type Parameter = { entry: HeaderEntry } | { name: string; dtype: string; shape: number[]; absent: number };

const refuse = (text: string): TorchError => new TorchError('zero-not-read', text, CONVERT);

/** null: the file of that rank is not there. Throws TorchError if the sizes are not those of the shapes. */
export function parametersOf(groups: Groups, ranks: readonly (Rank | null)[]): Parameter[] {
  const there = ranks.filter((rank) => rank !== null);
  const [first] = there;
  if (!first) return [];
  const dtype = first.groups[0]?.dtype ?? 'F32';
  for (const one of there) {
    if (one.stage !== first.stage || one.groups.length !== first.groups.length)
      throw refuse('its processes state different stages or groups.');
    if (one.groups.some((flat) => flat.dtype !== dtype)) throw refuse('its partitions are of different types.');
  }
  const names = groups.flatMap((group) => [...group.keys()]);
  if (new Set(names).size !== names.length) throw refuse('a parameter stands in two groups.');
  return first.stage === 3 ? zipped(groups, ranks, dtype) : inRows(groups, ranks, dtype);
}

/** ZeRO-1 and 2. */
function inRows(groups: Groups, ranks: readonly (Rank | null)[], dtype: string): Parameter[] {
  const parameters: Parameter[] = [];
  for (const rank of ranks)
    if (rank && rank.groups.length !== groups.length)
      throw refuse(`it has shapes for ${groups.length} groups of parameters, but partitions of ${rank.groups.length}.`);
  for (const [index, group] of groups.entries()) {
    let offset = 0;
    for (const [name, shape] of group) {
      const count = elementCount(shape);
      const boxes: Box[] = [];
      let absent: number | null = null;
      let start = 0;
      for (const [number, rank] of ranks.entries()) {
        const flat = rank?.groups[index];
        // Where a partition ends that is not there is not known.
        const end = flat ? start + flat.elements : Infinity;
        const [low, high] = [Math.max(offset, start), Math.min(offset + count, end)];
        if (!flat) {
          if (low < high) absent ??= number;
          break;
        }
        checkSlice(name, rank?.slices[index] ?? null, { start: low - start, elements: high - low });
        if (low < high) boxes.push(boxOf(flat, low - start, low - offset, high - low));
        start = end;
      }
      parameters.push(parameterOf(name, shape, dtype, boxes, absent));
      offset += count;
    }
    if (ranks.includes(null)) continue;
    const stored = ranks.reduce((sum, rank) => sum + (rank?.groups[index]?.elements ?? 0), 0);
    const aligned = (elements: number): number => Math.ceil(elements / (2 * ranks.length));
    if (aligned(offset) !== aligned(stored))
      throw refuse(`the partitions of group ${index} have ${stored} elements, the shapes of its parameters ${offset}.`);
  }
  return parameters;
}

/** Newer versions say which part of a parameter lies where: the same as its place by the order of the shapes. */
function checkSlice(name: string, slices: Rank['slices'][number], found: { start: number; elements: number }): void {
  if (!slices) return;
  const stated = slices.get(name);
  if (found.elements <= 0 ? !stated : stated?.start === found.start && stated.elements === found.elements) return;
  throw refuse(`its param_slice_mappings place ${JSON.stringify(name)} elsewhere than the order of the shapes does.`);
}

function zipped(groups: Groups, ranks: readonly (Rank | null)[], dtype: string): Parameter[] {
  const parameters: Parameter[] = [];
  let offset = 0;
  for (const [name, shape] of groups.flatMap((group) => [...group])) {
    const count = elementCount(shape);
    const share = Math.ceil(count / ranks.length);
    const boxes: Box[] = [];
    let absent: number | null = null;
    for (const [number, rank] of ranks.entries()) {
      const at = number * share;
      const own = Math.min(share, count - at);
      if (own <= 0) break;
      if (!rank) absent ??= number;
      else appendAll(boxes, runOf(rank.groups, offset, at, own));
    }
    parameters.push(parameterOf(name, shape, dtype, boxes, absent));
    offset += share;
  }
  for (const rank of ranks) {
    const stored = rank?.groups.reduce((sum, { elements }) => sum + elements, 0);
    if (stored !== undefined && stored !== offset)
      throw refuse(`a process holds ${stored} elements, its share of the shapes of the parameters has ${offset}.`);
  }
  return parameters;
}

/** `count` elements from `from` on of the groups in a row, which are those from `at` on of the parameter. */
function runOf(groups: readonly Flat[], from: number, at: number, count: number): Box[] {
  const boxes: Box[] = [];
  let start = 0;
  for (const flat of groups) {
    const [low, high] = [Math.max(from, start), Math.min(from + count, start + flat.elements)];
    if (low < high) boxes.push(boxOf(flat, low - start, at + low - from, high - low));
    start += flat.elements;
  }
  return boxes;
}

function boxOf({ file, offset, dtype }: Flat, first: number, at: number, count: number): Box {
  return { file, offset: offset + first * (elementBytes(dtype) ?? 1), shape: [count], at: [at] };
}

function parameterOf(
  name: string,
  given: readonly number[],
  dtype: string,
  boxes: readonly Box[],
  absent: number | null,
): Parameter {
  const shape = [...given];
  if (absent !== null) return { name, dtype, shape, absent };
  return { entry: assembled(name, dtype, shape, boxes) };
}

/** A tensor whose elements lie in a row over the boxes. Throws TorchError if they are not as many as it has. */
export function assembled(name: string, dtype: string, shape: number[], boxes: readonly Box[]): HeaderEntry {
  const count = elementCount(shape);
  const covered = boxes.reduce((sum, box) => sum + elementCount(box.shape), 0);
  const sizeBytes = count * (elementBytes(dtype) ?? 1);
  if (covered !== count || !Number.isSafeInteger(sizeBytes))
    throw refuse(`${JSON.stringify(name)} has ${count} elements by its shape, but its parts have ${covered}.`);
  return { name, dtype, shape, sizeBytes, offset: boxes[0]?.offset ?? 0, layout: { shape: [count], boxes } };
}
