/**
 * DeepSpeed's ZeRO folders, laid out as its zero_to_fp32.py takes them apart: the float32 values are cut into partitions here as the
 * optimizers of stages 1 to 3 cut them, and must come back.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointsAt, isRefused, openCheckpoint, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { OffaxisError } from '../../../src/protocol/errors.ts';
import { f32, safetensors, type Entry } from './build.ts';
import { call, global, type Made } from './pickleBuild.ts';
import { FROZEN, GROUPS, SHARED, shapesOf, VALUES, zeroFolder, type ZeroOptions } from './zeroBuild.ts';
import { expectSame } from '../checkpoint/same.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { openedCheckpoints } from '../checkpoint/opened.ts';

const folder = temporaryFolder();
const open = openedCheckpoints();
const codes = ({ problems }: Checkpoint): string[] => problems.map(({ severity, code }) => `${severity} ${code}`);
const messages = ({ problems }: Checkpoint): string => problems.map(({ message }) => message).join('\n');

function dropPartitions(state: Record<string, Made>): void {
  delete state.fp32_flat_groups;
  delete state.single_partition_of_fp32_groups;
}

let made = 0;
/** Writes a folder as DeepSpeed does, and gives its path. */
function write(stage: 1 | 2 | 3, options: ZeroOptions = {}): string {
  const path = join(folder.path, `run${made++}`, 'global_step10');
  mkdirSync(path, { recursive: true });
  for (const [name, bytes] of zeroFolder(stage, options)) writeFileSync(join(path, name), bytes);
  return path;
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

  it.each<[string, string, ZeroOptions]>([
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
      for (let i = 0; i < 60; i++) {
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
      expect(refused, name).toBeLessThan(60);
    }
  });
});
