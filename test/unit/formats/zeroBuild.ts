/** Folders of DeepSpeed's ZeRO, laid out as its zero_to_fp32.py takes them apart: small, with another number in every place. */
import { f32, codes16 } from './build.ts';
import { call, global, object, pickle, tensor, tuple, type Made } from './pickleBuild.ts';
import { zip } from './zipBuild.ts';

/** Two groups, whose sizes divide by none of the numbers of processes. */
export const GROUPS: Record<string, number[]>[] = [
  { 'model.embed_tokens.weight': [7, 5], 'model.layers.0.self_attn.q_proj.weight': [5, 5], 'odd.weight': [3, 1] },
  { 'model.norm.weight': [5], 'model.layers.0.input_layernorm.weight': [5], 'tiny.bias': [1] },
];
export const FROZEN = { 'frozen.weight': [3, 3] };
export const SHARED: [string, string] = ['lm_head.weight', 'model.embed_tokens.weight'];
const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Every element of every tensor is another number. */
function valuesOf(): Map<string, number[]> {
  const values = new Map<string, number[]>();
  let next = 1;
  for (const [name, shape] of [...GROUPS, FROZEN].flatMap((group) => Object.entries(group)))
    values.set(
      name,
      Array.from({ length: countOf(shape) }, () => next++ + 0.25),
    );
  return values;
}
export const VALUES = valuesOf();
const PADDING = -999;

class Storages {
  readonly parts: { name: string; data: Uint8Array }[] = [];
  tensor(data: Uint8Array, shape: number[], storage = 'FloatStorage', width = 4): Made {
    const key = String(this.parts.length);
    this.parts.push({ name: `archive/data/${key}`, data });
    const strides = shape.map((_, axis) => countOf(shape.slice(axis + 1)));
    return tensor({ storage, key, elements: data.length / width, shape, strides });
  }
  file(value: Made): Uint8Array {
    return zip([{ name: 'archive/data.pkl', data: pickle(value) }, ...this.parts]);
  }
}

export interface ZeroOptions {
  world?: number;
  /** changes what a rank's optimizer state says */
  change?: (state: Record<string, Made>, rank: number) => void;
  changeModel?: (state: Record<string, Made>) => void;
  mappings?: boolean;
  /** added to where a mapping says that a parameter begins */
  shift?: number;
  /** names of ranks' files before "zero_pp_rank" */
  prefix?: string;
}

const size = (shape: readonly number[]): Made => call(global('torch', 'Size'), tuple(...shape));
export const shapesOf = (group: Record<string, number[]>): Made =>
  new Map(Object.entries(group).map(([name, shape]) => [name, size(shape)]));
const stageOf = (stage: number): Made => call(global('deepspeed.runtime.zero.config', 'ZeroStageEnum'), stage);

/** The flat partitions of one rank, one a group, and where the parameters lie in them. */
function partition(stage: number, rank: number, world: number): { flat: number[]; slices: Map<string, number[]> }[] {
  return GROUPS.map((group) => {
    const slices = new Map<string, number[]>();
    if (stage === 3) {
      const flat: number[] = [];
      for (const name of Object.keys(group)) {
        const values = VALUES.get(name) ?? [];
        const share = Math.ceil(values.length / world);
        const own = values.slice(rank * share, (rank + 1) * share);
        flat.push(...own, ...Array.from({ length: share - own.length }, () => PADDING));
      }
      return { flat, slices };
    }
    const all = Object.keys(group).flatMap((name) => VALUES.get(name) ?? []);
    const share = (Math.ceil(all.length / (2 * world)) * 2 * world) / world;
    let at = 0;
    for (const name of Object.keys(group)) {
      const end = at + (VALUES.get(name)?.length ?? 0);
      const [low, high] = [Math.max(at, rank * share), Math.min(end, (rank + 1) * share)];
      if (low < high) slices.set(name, [low - rank * share, high - low]);
      at = end;
    }
    while (all.length < share * world) all.push(PADDING);
    return { flat: all.slice(rank * share, (rank + 1) * share), slices };
  });
}

/** The files that DeepSpeed writes, by name. */
export function zeroFolder(stage: 1 | 2 | 3, options: ZeroOptions = {}): Map<string, Uint8Array> {
  const { world = 3, change, changeModel, mappings = true, shift = 0, prefix = '' } = options;
  const files = new Map<string, Uint8Array>();
  for (let rank = 0; rank < world; rank++) {
    const storages = new Storages();
    const parts = partition(stage, rank, world);
    const flats = parts.map(({ flat }) => storages.tensor(f32(...flat), [flat.length]));
    const state: Record<string, Made> = {
      base_optimizer_state: { state: { '0': { exp_avg: storages.tensor(f32(1, 2), [2]) } } },
      zero_stage: stageOf(stage),
      partition_count: stage === 3 ? world : GROUPS.map(() => world),
      [stage === 3 ? 'fp32_flat_groups' : 'single_partition_of_fp32_groups']: flats,
    };
    if (mappings && stage !== 3)
      state.param_slice_mappings = parts.map(
        ({ slices }) =>
          new Map(
            [...slices].map(([name, [start = 0, numel = 0]]) => [
              name,
              object(global('deepspeed.utils.tensor_fragment', 'fragment_address'), { numel, start: start + shift }),
            ]),
          ),
      );
    change?.(state, rank);
    const file = `${prefix}zero_pp_rank_${rank}_mp_rank_00_optim_states.pt`;
    files.set(file, storages.file({ optimizer_state_dict: state, ds_version: '0.16.0' }));
    if (stage === 3 || rank === 0) addModel(files, stage, rank, world, changeModel);
  }
  return files;
}

function addModel(
  files: Map<string, Uint8Array>,
  stage: number,
  rank: number,
  world: number,
  change?: (state: Record<string, Made>) => void,
): void {
  const storages = new Storages();
  const module = new Map<string, Made>();
  for (const [name, shape] of GROUPS.flatMap((group) => Object.entries(group)))
    module.set(
      name,
      stage === 3
        ? storages.tensor(new Uint8Array(0), [0], 'BFloat16Storage', 2)
        : storages.tensor(codes16(countOf(shape)), shape, 'BFloat16Storage', 2),
    );
  module.set('model.rope.inv_freq', storages.tensor(f32(0.5, 0.125), [2]));
  module.set(SHARED[0], module.get(SHARED[1]) ?? null);
  const frozen = Object.entries(FROZEN).map(([name, shape]): [string, Made] => {
    const values = VALUES.get(name) ?? [];
    if (stage !== 3) return [name, storages.tensor(f32(...values), shape)];
    const share = Math.ceil(values.length / world);
    const own = values.slice(rank * share, (rank + 1) * share);
    while (own.length < share) own.push(PADDING);
    return [name, storages.tensor(f32(...own), [share])];
  });
  const state: Record<string, Made> = {
    module,
    buffer_names: ['model.rope.inv_freq'],
    optimizer: null,
    param_shapes: GROUPS.map(shapesOf),
    frozen_param_shapes: shapesOf(FROZEN),
    frozen_param_fragments: new Map(frozen),
    shared_params: { [SHARED[0]]: SHARED[1] },
    dp_world_size: world,
    mp_world_size: 1,
    global_steps: 10,
    ds_version: '0.16.0',
  };
  change?.(state);
  const name = stage === 3 ? `zero_pp_rank_${rank}_mp_rank_00_model_states.pt` : 'mp_rank_00_model_states.pt';
  files.set(name, storages.file(state));
}
