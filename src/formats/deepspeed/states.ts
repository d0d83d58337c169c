/** What DeepSpeed's two kinds of files hold (deepspeed/utils/zero_to_fp32.py): one process's partitions, and the names and shapes. */
import { isCall, isDict, itemsOf, sizesOf, attribute, type PyValue } from '../pickle/values.ts';
import type { HeaderEntry } from '../format.ts';
import { TorchError, type Archive } from '../torch/archive.ts';
import { entryOf } from '../torch/entries.ts';
import { elementBytes, tensorOf } from '../torch/tensor.ts';

export const CONVERT = "Put it together with DeepSpeed's zero_to_fp32.py and open what it writes.";

/** A run of elements in a file. */
export interface Flat {
  file: string;
  offset: number;
  elements: number;
  dtype: string;
}
/** What one process holds of the flat float32 weights. */
export interface Rank {
  stage: 1 | 2 | 3;
  /** over how many processes each group is split */
  counts: number[];
  groups: Flat[];
  /** of each group: where its parameters begin in the partition and how many elements of them lie in it; null if that is not stated */
  slices: (ReadonlyMap<string, { start: number; elements: number }> | null)[];
}
export interface ModelState {
  file: string;
  /** names and whole shapes in the order of the flat weights, by group */
  groups: ReadonlyMap<string, number[]>[];
  frozen: ReadonlyMap<string, number[]>;
  fragments: ReadonlyMap<PyValue, PyValue>;
  module: ReadonlyMap<PyValue, PyValue>;
  buffers: ReadonlySet<string>;
  /** a name, and the one whose values it has */
  shared: [string, string][];
  /** the tensor that a value is; a text says why it is not read */
  place(name: string, value: PyValue | undefined): HeaderEntry | string;
}

const refuse = (text: string): TorchError => new TorchError('zero-not-read', text, CONVERT);

/** Throws TorchError. */
export function rankOf({ value, storages }: Archive, file: string, fileBytes: number): Rank {
  const state = attribute(value, 'optimizer_state_dict');
  const stageValue = attribute(state, 'zero_stage');
  const stage = isCall(stageValue) ? stageValue.args[0] : stageValue;
  if (stage !== 1 && stage !== 2 && stage !== 3) throw refuse('it does not state a ZeRO stage of 1, 2 or 3.');
  const key = stage === 3 ? 'fp32_flat_groups' : 'single_partition_of_fp32_groups';
  const flats = itemsOf(attribute(state, key));
  const count = attribute(state, 'partition_count');
  const counts = typeof count === 'number' ? [count] : sizesOf(count);
  if (!flats || !counts?.length || !counts.every((one) => Number.isSafeInteger(one) && one > 0))
    throw refuse(`its ${key} or its partition_count are not stated as DeepSpeed states them.`);
  const groups = flats.map((flat) => {
    const entry = place({ storages }, file, fileBytes, flat);
    if (typeof entry === 'string') throw refuse(`one of its ${key} is not read: ${entry}.`);
    if (entry.shape.length !== 1 || entry.layout) throw refuse(`its ${key} are not flat.`);
    return { file, offset: entry.offset as number, elements: entry.shape[0] as number, dtype: entry.dtype };
  });
  const mappings = itemsOf(attribute(state, 'param_slice_mappings'));
  return { stage, counts, groups, slices: groups.map((_, group) => slicesOf(mappings?.[group])) };
}

function slicesOf(mapping: PyValue | undefined): Map<string, { start: number; elements: number }> | null {
  if (!isDict(mapping)) return null;
  const slices = new Map<string, { start: number; elements: number }>();
  for (const [name, address] of mapping.entries) {
    const [start, elements] = [attribute(address, 'start'), attribute(address, 'numel')];
    if (typeof name !== 'string' || typeof start !== 'number' || typeof elements !== 'number')
      throw refuse('its param_slice_mappings are not stated as DeepSpeed states them.');
    slices.set(name, { start, elements });
  }
  return slices;
}

/** Throws TorchError. */
export function modelOf({ value, storages }: Archive, file: string, fileBytes: number): ModelState {
  const odd = (what: string): TorchError => refuse(`its ${what} are not stated as DeepSpeed states them.`);
  if (!isDict(value)) throw refuse('it is not a model state of DeepSpeed.');
  for (const key of value.entries.keys())
    if (typeof key === 'string' && /autoep/i.test(key))
      throw refuse('its experts are split over groups of processes of their own, which is not put together.');
  const split = attribute(value, 'mp_world_size');
  if (typeof split === 'number' && split > 1)
    throw refuse(`the model was split over ${split} processes by model parallelism, which is not put together.`);
  const module = attribute(value, 'module');
  if (!isDict(module)) throw refuse('it has no weights under "module": those of a pipeline are not put together.');
  const groups = itemsOf(attribute(value, 'param_shapes'));
  const buffers = itemsOf(attribute(value, 'buffer_names') ?? { kind: 'list', items: [] });
  if (!groups) throw odd('param_shapes');
  if (!buffers) throw odd('buffer_names');
  const shared = attribute(value, 'shared_params') ?? null;
  if (shared !== null && !isDict(shared)) throw odd('shared_params');
  const fragments = attribute(value, 'frozen_param_fragments') ?? null;
  const frozen = attribute(value, 'frozen_param_shapes') ?? null;
  return {
    file,
    groups: groups.map((group) => shapesOf(group) ?? fail(odd('param_shapes'))),
    frozen: frozen === null ? new Map<string, number[]>() : (shapesOf(frozen) ?? fail(odd('frozen_param_shapes'))),
    fragments: isDict(fragments) ? fragments.entries : new Map<PyValue, PyValue>(),
    module: module.entries,
    buffers: new Set(buffers.filter((name): name is string => typeof name === 'string')),
    shared: [...(shared?.entries ?? [])].map(([name, other]) =>
      typeof name === 'string' && typeof other === 'string' ? [name, other] : fail(odd('shared_params')),
    ),
    place: (name, one) => place({ storages }, name, fileBytes, one),
  };
}

function fail(error: Error): never {
  throw error;
}

function shapesOf(value: PyValue): Map<string, number[]> | null {
  if (!isDict(value)) return null;
  const shapes = new Map<string, number[]>();
  for (const [name, size] of value.entries) {
    const shape = sizesOf(size);
    if (typeof name !== 'string' || !shape) return null;
    shapes.set(name, shape);
  }
  return shapes;
}

function place(
  { storages }: Pick<Archive, 'storages'>,
  name: string,
  fileBytes: number,
  value: PyValue | undefined,
): HeaderEntry | string {
  const found = value === undefined ? null : tensorOf(value, null);
  if (!found) return 'it is not a tensor';
  if ('unread' in found) return found.unread.reason;
  if (elementBytes(found.tensor.dtype) === null) return `its type ${found.tensor.dtype} is not read`;
  return entryOf(name, found.tensor, (key) => storages.get(key) ?? 'its storage is not in the file', fileBytes);
}
