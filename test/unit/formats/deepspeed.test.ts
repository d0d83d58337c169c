/**
 * DeepSpeed's ZeRO folders, laid out as its zero_to_fp32.py takes them apart: the float32 values are cut into partitions here as the
 * optimizers of stages 1 to 3 cut them, and must come back.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointsAt, isRefused, openCheckpoint, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import { f32, safetensors, codes16, type Entry } from './build.ts';
import { call, global, object, pickle, tensor, tuple, type Made } from './pickleBuild.ts';
import { zip } from './zipBuild.ts';
import { expectSame } from '../checkpoint/same.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { openedCheckpoints } from '../checkpoint/opened.ts';

const folder = temporaryFolder();
const open = openedCheckpoints();
const codes = ({ problems }: Checkpoint): string[] => problems.map(({ severity, code }) => `${severity} ${code}`);
const messages = ({ problems }: Checkpoint): string => problems.map(({ message }) => message).join('\n');

/** Two groups, whose sizes divide by none of the numbers of processes. */
const GROUPS: Record<string, number[]>[] = [
  { 'model.embed_tokens.weight': [7, 5], 'model.layers.0.self_attn.q_proj.weight': [5, 5], 'odd.weight': [3, 1] },
  { 'model.norm.weight': [5], 'model.layers.0.input_layernorm.weight': [5], 'tiny.bias': [1] },
];
const FROZEN = { 'frozen.weight': [3, 3] };
const SHARED: [string, string] = ['lm_head.weight', 'model.embed_tokens.weight'];
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
const VALUES = valuesOf();
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

interface Options {
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
const shapesOf = (group: Record<string, number[]>): Made =>
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

function dropPartitions(state: Record<string, Made>): void {
  delete state.fp32_flat_groups;
  delete state.single_partition_of_fp32_groups;
}

let made = 0;
/** Writes a folder as DeepSpeed does, and gives its path. */
function write(stage: 1 | 2 | 3, options: Options = {}): string {
  const { world = 3, change, changeModel, mappings = true, shift = 0, prefix = '' } = options;
  const path = join(folder.path, `run${made++}`, 'global_step10');
  mkdirSync(path, { recursive: true });
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
    writeFileSync(join(path, file), storages.file({ optimizer_state_dict: state, ds_version: '0.16.0' }));
    if (stage === 3 || rank === 0) writeModel(path, stage, rank, world, changeModel);
  }
  return path;
}

function writeModel(
  path: string,
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
  writeFileSync(join(path, name), storages.file(state));
}

/** The same weights as zero_to_fp32.py writes them. */
function twin(): string {
  const entries: Record<string, Entry> = {
    'model.rope.inv_freq': { dtype: 'F32', shape: [2], data: f32(0.5, 0.125) },
  };
  for (const [name, shape] of [...GROUPS, FROZEN].flatMap((group) => Object.entries(group)))
    entries[name] = { dtype: 'F32', shape, data: f32(...(VALUES.get(name) ?? [])) };
  entries[SHARED[0]] = entries[SHARED[1]] as Entry;
  return folder.write('twin.safetensors', safetensors(entries));
}

describe.each([1, 2, 3] as const)('ZeRO-%i', (stage) => {
  it.each([1, 2, 3, 4, 7, 64])('of %i processes is one checkpoint of whole float32 tensors', async (world) => {
    const checkpoint = await open(write(stage, { world }));
    expect(codes(checkpoint)).toEqual(['info zero-assembled']);
    expect(checkpoint.facts.format).toMatch(new RegExp(`^DeepSpeed ZeRO-${stage}, `));
    await expectSame(checkpoint, await open(twin()));
  });

  it('a file that is missing is named, and nothing that it has parts of is read', async () => {
    const path = write(stage, { world: 3 });
    rmSync(join(path, 'zero_pp_rank_1_mp_rank_00_optim_states.pt'));
    const checkpoint = await open(path);
    expect(codes(checkpoint)).toContain('warning shards-missing');
    expect(messages(checkpoint)).toContain('zero_pp_rank_1_mp_rank_00_optim_states.pt is missing');
    const reference = await open(twin());
    let read = 0;
    for (const row of checkpoint.tensors.values()) {
      if (row.offset === null) continue;
      read++;
      const [bytes, expected] = [new Uint8Array(row.sizeBytes), new Uint8Array(row.sizeBytes)];
      await checkpoint.read(row, 0, bytes);
      const other = reference.tensors.get(row.name);
      expect(other, row.name).toBeDefined();
      if (other) await reference.read(other, 0, expected);
      expect(bytes, row.name).toEqual(expected);
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(reference.tensors.size);
    expect(checkpoint.tensors.size).toBe(reference.tensors.size);
  });

  it.each<[string, string, Options]>([
    [
      'a group is split over fewer processes',
      'different numbers of processes',
      { change: (state) => (state.partition_count = [3, 1]) },
    ],
    [
      'processes are of different stages',
      'different stages',
      {
        change: (state, rank) => {
          if (rank !== 1) return;
          state.zero_stage = stage === 1 ? 2 : 1;
          state.single_partition_of_fp32_groups ??= state.fp32_flat_groups ?? null;
        },
      },
    ],
    ['a process has no partitions', 'fp32', { change: (state, rank) => rank === 1 && dropPartitions(state) }],
    ['a stage is not stated', 'stage of 1, 2 or 3', { change: (state) => delete state.zero_stage }],
    [
      'shapes do not fill the partitions',
      'elements',
      {
        mappings: false,
        changeModel: (state) => (state.param_shapes = [shapesOf({ a: [500] }), shapesOf({ b: [3] })]),
      },
    ],
    [
      'shapes are fewer than the partitions',
      'elements',
      { mappings: false, changeModel: (state) => (state.param_shapes = [shapesOf({ a: [2] }), shapesOf({ b: [2] })]) },
    ],
    [
      'a parameter stands in two groups',
      'in two groups',
      { changeModel: (state) => (state.param_shapes = [...GROUPS, GROUPS[1] ?? {}].map(shapesOf)) },
    ],
    ['the model was split', 'model parallelism', { changeModel: (state) => (state.mp_world_size = 2) }],
    ['the module is a pipeline', 'pipeline', { changeModel: (state) => (state.module = null) }],
    [
      'a class is named that is not let through',
      'os.system',
      { change: (state) => (state.more = call(global('os', 'system'), 'true')) },
    ],
  ])('is refused if %s', async (_, reason, options) => {
    const checkpoint = await open(write(stage, options));
    expect(isRefused(checkpoint)).toBe(true);
    expect(checkpoint.tensors.size).toBe(0);
    expect(messages(checkpoint)).toContain(reason);
    expect(checkpoint.problems.every(({ severity }) => severity === 'error')).toBe(true);
  });
});

describe('a ZeRO folder', () => {
  it('is refused if what says where the parameters lie contradicts their order', async () => {
    const checkpoint = await open(write(2, { shift: 1 }));
    expect(isRefused(checkpoint)).toBe(true);
    expect(messages(checkpoint)).toContain('param_slice_mappings');
  });

  it('of older versions, without those, and of bfloat16 runs is read too', async () => {
    await expectSame(await open(write(2, { mappings: false, prefix: 'bf16_' })), await open(twin()));
  });

  it('is refused if files of other processes, experts or split models lie in it', async () => {
    for (const [name, reason] of [
      ['zero_pp_rank_9_mp_rank_00_optim_states.pt', 'a file of rank 9'],
      ['mp_rank_01_model_states.pt', 'model parallelism'],
      ['layer_0_expert_3_mp_rank_00_model_states.pt', 'experts'],
      ['bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt', 'two files'],
    ] as const) {
      const path = write(2);
      writeFileSync(join(path, name), readFileSync(join(path, 'zero_pp_rank_0_mp_rank_00_optim_states.pt')));
      const checkpoint = await open(path);
      expect(isRefused(checkpoint), name).toBe(true);
      expect(messages(checkpoint)).toContain(reason);
    }
  });

  it('is found by the file "latest" of the folder around it, with the config there', async () => {
    const path = write(3);
    const around = join(path, '..');
    writeFileSync(join(around, 'latest'), 'global_step10\n');
    writeFileSync(join(around, 'config.json'), JSON.stringify({ model_type: 'llama', hidden_size: 5 }));
    const checkpoint = await open(around);
    expect(checkpoint.config?.modelType).toBe('llama');
    expect(messages(checkpoint)).toContain('"latest"');
    expect(checkpoint.tensors.get('model.norm.weight')?.shape).toEqual([5]);
  });

  it('has a path with "*" that opens it, as other sets of files have', async () => {
    const path = write(1);
    const [only = '', ...rest] = await checkpointsAt(path);
    expect(rest).toEqual([]);
    expect(only).toBe(join(path, 'zero_pp_rank_*_mp_rank_00_optim_states.pt'));
    expect((await open(only)).facts.format).toMatch(/^DeepSpeed ZeRO-1, /);
  });

  it('damaged anywhere in its pickles is refused or read, and nothing is thrown', async () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    for (const [stage, name] of [
      [2, 'mp_rank_00_model_states.pt'],
      [2, 'zero_pp_rank_1_mp_rank_00_optim_states.pt'],
      [3, 'zero_pp_rank_0_mp_rank_00_model_states.pt'],
      [3, 'zero_pp_rank_2_mp_rank_00_optim_states.pt'],
    ] as const) {
      const path = write(stage);
      const good = readFileSync(join(path, name));
      const end = good.indexOf('PK\u0003\u0004', 30, 'latin1');
      let refused = 0;
      for (let i = 0; i < 250; i++) {
        const bad = Uint8Array.from(good);
        for (let n = 0; n <= random(3); n++) bad[46 + random(end - 46)] = random(256);
        writeFileSync(join(path, name), bad);
        const checkpoint = await openCheckpoint(path);
        try {
          if (isRefused(checkpoint)) refused++;
          for (const row of checkpoint.tensors.values()) {
            if (row.offset === null || row.sizeBytes > 1e6) continue;
            await checkpoint.read(row, 0, new Uint8Array(row.sizeBytes)).catch((error: unknown) => {
              if (!(error instanceof OffaxisError)) throw error;
            });
          }
        } finally {
          await checkpoint.close();
        }
      }
      expect(refused, name).toBeGreaterThan(0);
      expect(refused, name).toBeLessThan(250);
    }
  });
});
