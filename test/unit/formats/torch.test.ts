/** PyTorch's files against safetensors of the same values, which torch wrote too; and what is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRefused, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { readHeader } from '../../../src/formats/index.ts';
import { f32, memorySource } from './build.ts';
import { call, global, object, outside, pickle, raw, tensor, tuple, type Made } from './pickleBuild.ts';
import { zip, type ZipOptions, type ZipPart } from './zipBuild.ts';
import { expectSame } from '../checkpoint/same.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { openedCheckpoints } from '../checkpoint/opened.ts';

const FOLDER = 'test/fixtures/formats/torch';
const open = openedCheckpoints();
const codes = ({ problems }: Pick<Checkpoint, 'problems'>): string[] =>
  problems.map(({ severity, code }) => `${severity} ${code}`);

/** A file as torch lays it out. */
function archive(
  value: Made,
  storages: Record<string, Uint8Array>,
  more: ZipPart[] = [],
  options: ZipOptions = {},
): Uint8Array {
  const parts = Object.entries(storages).map(([key, data]) => ({ name: `any name/data/${key}`, data }));
  return zip([{ name: 'any name/data.pkl', data: pickle(value) }, ...parts, ...more], options);
}
const header = (file: Uint8Array, name = 'case.pt') => readHeader(memorySource(file), name);
const found = async (file: Uint8Array) =>
  (await header(file)).problems.map(({ severity, code }) => `${severity} ${code}`);

describe('files of torch.save', () => {
  it.each([
    'zip/model.pt',
    'zip/pytorch_model.bin',
    ...[0, 1, 2, 3, 4, 5].map((protocol) => `zip/pickle-protocol-${protocol}.pt`),
    'legacy/pytorch_model.bin',
    'legacy',
    'sharded',
    'sharded/pytorch_model.bin.index.json',
  ])('%s holds what its safetensors twin does', async (name) => {
    const checkpoint = await open(join(FOLDER, name));
    expect(checkpoint.facts.format).toMatch(/^PyTorch, /);
    expect(codes(checkpoint)).toEqual([]);
    const twin = await open(join(FOLDER, 'reference.safetensors'));
    await expectSame(checkpoint, twin);
    expect(checkpoint.facts.parameters).toBe(twin.facts.parameters);
  });

  it('a state dict inside of others is gone into, views are read by their strides, the optimizer is listed', async () => {
    const checkpoint = await open(join(FOLDER, 'nested/checkpoint.pt'));
    await expectSame(checkpoint, await open(join(FOLDER, 'nested/reference.safetensors')), [
      'optimizer.state.0.step',
      'optimizer.state.0.exp_avg',
    ]);
    for (const name of ['optimizer.state.0.step', 'optimizer.state.0.exp_avg'])
      expect(checkpoint.tensors.get(name)).toMatchObject({ role: 'bookkeeping', spectral: false });
    expect(checkpoint.facts.metadata).toMatchObject({
      epoch: '3',
      'optimizer.param_groups.0.lr': expect.any(String) as string,
    });
    await expectSame(
      await open(join(FOLDER, 'nested/module_state_dict.pt')),
      await open(join(FOLDER, 'nested/module_state_dict.safetensors')),
    );
  });

  it('tensors, parameters and lists by themselves have names too', async () => {
    const shapes = async (name: string) =>
      [...(await open(join(FOLDER, 'nested', name))).tensors.values()].map((row) => [row.name, ...row.shape]);
    expect(await shapes('tensor.pt')).toEqual([['tensor', 48, 48]]);
    expect(await shapes('parameter.pt')).toEqual([['tensor', 48, 48]]);
    expect(await shapes('list.pt')).toEqual([
      ['0', 48],
      ['1.a', 48, 48],
    ]);
  });

  it.each(['quantized.pt', 'sparse.pt'])('%s is listed, without values and with the reason', async (name) => {
    const checkpoint = await open(join(FOLDER, 'nested', name));
    expect(checkpoint.facts.parameters).toBe(0);
    expect(new Set(codes(checkpoint))).toEqual(new Set(['warning tensor-not-read']));
    for (const { offset } of checkpoint.tensors.values()) expect(offset).toBeNull();
  });

  it('a module that was pickled whole is refused by the name of its class', async () => {
    const checkpoint = await open(join(FOLDER, 'nested/whole_module.pt'));
    expect(isRefused(checkpoint)).toBe(true);
    expect(checkpoint.problems[0]?.message).toContain('torch.nn.modules.container.Sequential');
  });

  it('under the name of another format says what it is', async () => {
    const file = new Uint8Array(readFileSync(join(FOLDER, 'nested/tensor.pt')));
    expect((await header(file, 'x.safetensors')).problems[0]?.code).toBe('zip-archive');
    expect((await header(file, 'x.dat')).entries.size).toBe(1);
  });
});

describe('the archive', () => {
  const value = { a: tensor({ key: '0', elements: 6, shape: [2, 3], strides: [3, 1] }) };
  const storages = { 0: f32(1, 2, 3, 4, 5, 6) };

  it.each<[string, ZipOptions]>([
    ['ZIP64', { zip64: true }],
    ['a comment at its end', { comment: 'PK\u0005\u0006 is no end' }],
    ['padding', { padding: 61 }],
  ])('with %s is read', async (_, options) => {
    const file = archive(value, storages, [], options);
    const { entries, problems } = await header(file);
    expect(problems).toEqual([]);
    const { offset } = entries.get('a') ?? {};
    expect(file.slice(offset ?? 0, (offset ?? 0) + 24)).toEqual(storages[0]);
  });

  it('that is compressed, encrypted, cut off or of another kind is refused by name', async () => {
    const data = pickle(value);
    expect(await found(zip([{ name: 'a/data.pkl', data, method: 8 }]))).toEqual(['error zip-compressed']);
    expect(await found(zip([{ name: 'a/data.pkl', data, encrypted: true }]))).toEqual(['error zip-encrypted']);
    expect(await found(archive(value, storages).slice(0, -1))).toEqual(['error zip-damaged']);
    expect(await found(zip([{ name: 'a/other', data }]))).toEqual(['error not-torch']);
    expect(await found(archive(value, storages, [{ name: 'any name/constants.pkl', data }]))).toEqual([
      'error torchscript',
    ]);
    const storage = { name: 'a/data/0', data: storages[0], method: 8 };
    const file = await header(zip([{ name: 'a/data.pkl', data }, storage]));
    expect(file.problems.map(({ message }) => message)).toEqual([expect.stringContaining('compressed') as string]);
    expect(file.entries.get('a')?.offset).toBeNull();
  });

  it('of big-endian numbers lists its tensors and reads none', async () => {
    const file = await header(archive(value, storages, [{ name: 'any name/byteorder', data: 'big' }]));
    expect(file.problems[0]?.code).toBe('big-endian');
    expect([...file.entries.values()].map(({ offset }) => offset)).toEqual([null]);
  });

  it('whose tensors reach past their storages, or repeat themselves beyond its size, reads none of those', async () => {
    const one = async (made: Partial<Parameters<typeof tensor>[0]>) => {
      const file = archive({ a: tensor({ key: '0', elements: 6, shape: [2, 3], strides: [3, 1], ...made }) }, storages);
      return (await header(file)).entries.get('a')?.offset ?? null;
    };
    expect(await one({})).not.toBeNull();
    expect(await one({ first: 1 })).toBeNull();
    expect(await one({ strides: [4, 1] })).toBeNull();
    expect(await one({ shape: [2 ** 40, 1], strides: [0, 1] })).toBeNull();
    expect(await one({ shape: [2 ** 52, 2 ** 52], strides: [0, 0] })).toBeNull();
    expect(await one({ key: 'none' })).toBeNull();
    expect(await one({ storage: 'ComplexDoubleStorage', shape: [1], strides: [1] })).not.toBeNull();
  });
});

describe('the pickle', () => {
  const ran = (module: string, name: string) => call(global(module, name), 'echo');
  it.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'getattr'],
    ['__builtin__', 'exec'],
    ['torch', 'load'],
    ['torch.storage', '_load_from_bytes'],
    ['torch.hub', 'load'],
    ['subprocess', 'Popen'],
    ['collections', 'OrderedDict.__init__'],
  ])('that names %s.%s is refused by that name, wherever it stands', async (module, name) => {
    const hidden = { a: tensor({ key: '0', elements: 1, shape: [1], strides: [1] }), args: [{ x: ran(module, name) }] };
    for (const file of [archive(hidden, { 0: f32(1) }), pickle(hidden)]) {
      const { problems, entries } = await header(file);
      expect(entries.size).toBe(0);
      expect(problems.map(({ code }) => code)).toEqual(['pickle-global-refused']);
      expect(problems[0]?.message).toContain(`${module.replace('__builtin__', 'builtins')}.${name}`);
    }
  });

  it('of what trainers keep beside the weights is let through', async () => {
    const value = {
      model: { w: tensor({ key: '0', elements: 1, shape: [1], strides: [1] }) },
      args: object(global('argparse', 'Namespace'), { lr: 0.5 }),
      path: call(global('pathlib', 'PosixPath'), '/', 'x'),
    };
    const { problems, entries } = await header(archive(value, { 0: f32(1) }));
    expect(problems).toEqual([]);
    expect([...entries.keys()]).toEqual(['w']);
  });

  it('that holds itself, nests deeply or refers to itself a billion times ends', async () => {
    let laughs: Made = [1];
    const levels = [0x80, 2, 0x5d, 0x71, 0];
    // Each level is a list of the one before, ten times.
    for (let level = 1; level < 60; level++)
      levels.push(0x5d, 0x71, level, 0x28, ...Array.from({ length: 10 }, () => [0x68, level - 1]).flat(), 0x65);
    levels.push(0x2e);
    expect(await found(zip([{ name: 'a/data.pkl', data: Uint8Array.from(levels) }]))).toContain('error no-tensors');
    const itself = Uint8Array.from([0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e]);
    expect(await found(zip([{ name: 'a/data.pkl', data: itself }]))).toEqual(['error no-tensors']);
    for (let i = 0; i < 500; i++) laughs = [laughs];
    expect(await found(archive(laughs, {}))).toContain('warning nested-too-deep');
  });

  it('that is damaged says where', async () => {
    for (const value of [raw(0xff), raw(0x82, 1), raw(0x97), raw(0x65), raw(0x68, 9), raw(0x8a, 200, 1)])
      expect((await found(archive(value, {})))[0]).toMatch(/^error pickle-(damaged|truncated|global-refused)$/);
    expect(await found(pickle({ a: 1 }))).toEqual(['error not-torch']);
    expect(await found(Uint8Array.of(0x80, 2, 0x28))).toEqual(['error pickle-truncated']);
  });

  it('of a view with its sign turned is not read as it lies', async () => {
    const id = tuple('storage', global('torch', 'FloatStorage'), '0', 'cpu', 1);
    const hooks = call(global('collections', 'OrderedDict'));
    const turned = call(
      global('torch._utils', '_rebuild_tensor_v2'),
      outside(id),
      0,
      tuple(1),
      tuple(1),
      false,
      hooks,
      { neg: true },
    );
    expect(await found(archive({ a: turned }, { 0: f32(1) }))).toEqual(['warning tensor-not-read']);
  });
});

describe('checkpoints of torch.distributed.checkpoint', () => {
  it.each([
    ['dcp', 'reference.safetensors'],
    ['dcp/.metadata', 'reference.safetensors'],
    ['dcp-sharded', 'fsdp-reference.safetensors'],
    ['dcp-sharded/__1_0.distcp', 'fsdp-reference.safetensors'],
  ])('%s is whole tensors, under the names of the state dict', async (name, twin) => {
    const checkpoint = await open(join(FOLDER, name));
    expect(codes(checkpoint)).toEqual([]);
    expect(checkpoint.facts.format).toMatch(/^DCP, [12] shards?$/);
    await expectSame(checkpoint, await open(join(FOLDER, twin)));
  });
  it('without one of its files lists every tensor, reads none that is not whole, and names the file', async () => {
    const folder = temporaryFolder();
    for (const name of ['.metadata', '__0_0.distcp'])
      folder.write(name, new Uint8Array(readFileSync(join(FOLDER, 'dcp-sharded', name))));
    const checkpoint = await open(folder.path);
    expect(codes(checkpoint)).toEqual(['warning shards-missing']);
    expect(checkpoint.problems[0]?.message).toContain('__1_0.distcp');
    expect(checkpoint.tensors.size).toBe(17);
    expect(checkpoint.tensors.get('odd.weight')).toMatchObject({ shape: [5, 7], offset: null });
  });
  it('is not led out of its folder', async () => {
    const folder = temporaryFolder();
    const metadata = readFileSync(join(FOLDER, 'dcp', '.metadata'))
      .toString('latin1')
      .replaceAll('__0_0.distcp', '../../x.dist');
    folder.write('.metadata', new Uint8Array(Buffer.from(metadata, 'latin1')));
    folder.write('__0_0.distcp', new Uint8Array(readFileSync(join(FOLDER, 'dcp', '__0_0.distcp'))));
    const checkpoint = await open(folder.path);
    expect(new Set(codes(checkpoint))).toEqual(new Set(['error tensor-not-read', 'error tensor-not-read']));
    expect(checkpoint.problems[0]?.message).toContain('leads out of the folder');
  });
});

describe('the parts that processes of FSDP saved', () => {
  const files = [0, 1].map((rank) => `model_world_size_2_rank_${rank}.pt`);
  it('are put together: rows, odd ones too, and what every process has', async () => {
    const checkpoint = await open(join(FOLDER, 'fsdp-verl'));
    expect(codes(checkpoint)).toEqual(['info dcp-assembled']);
    await expectSame(checkpoint, await open(join(FOLDER, 'fsdp-reference.safetensors')));
  });
  it('without one of them list every tensor, read none that is not whole, and name the process', async () => {
    for (const [rank, file] of files.entries()) {
      const folder = temporaryFolder();
      folder.write(file, new Uint8Array(readFileSync(join(FOLDER, 'fsdp-verl', file))));
      folder.write(`optim_world_size_2_rank_${rank}.pt`, 'not looked at');
      folder.write('fsdp_config.json', { FSDP_version: 2, world_size: 2 });
      const checkpoint = await open(folder.path);
      expect(codes(checkpoint)).toEqual(['warning dcp-slice', 'warning shards-missing']);
      expect(checkpoint.problems[1]?.message).toContain(`rank ${1 - rank}`);
      expect(checkpoint.tensors.get('model.layers.0.self_attn.q_proj.weight')).toMatchObject({
        shape: [48, 48],
        offset: null,
      });
      expect(checkpoint.facts.parameters).toBe(0);
    }
  });
  it('one by itself is said to be a slice', async () => {
    const checkpoint = await open(join(FOLDER, 'fsdp-verl', files[1] ?? ''));
    expect(codes(checkpoint)).toEqual(['warning dcp-slice']);
    expect(checkpoint.tensors.get('model.layers.0.self_attn.q_proj.weight')?.shape).toEqual([24, 48]);
  });
});
