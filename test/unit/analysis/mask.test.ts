/** Masks as files: the reference values of every kind, tensors of other layouts, packing, shards, and what is refused. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackends } from '../../../src/analysis/backend.ts';
import { leadingPart } from '../../../src/checkpoint/adapters/leadingSvd.ts';
import { createAnalysis, type Analysis } from '../../../src/analysis/index.ts';
import { Packer } from '../../../src/analysis/mask/packer.ts';
import { extreme } from '../../../src/analysis/mask/extreme.ts';
import { maskOf } from '../../../src/analysis/mask/select.ts';
import { writeMasks } from '../../../src/analysis/mask/write.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import type { Matrix } from '../../../src/linalg/backend.ts';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import {
  DEFAULT_RHO,
  MASK_KINDS,
  type MaskEvent,
  type MaskRecipe,
  type MaskRequest,
} from '../../../src/protocol/mask.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { uniform, weightLike } from '../matrices.ts';
import { codes16, f32, safetensors, type Entry } from '../formats/build.ts';

let analysis: Analysis;
beforeAll(async () => {
  analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
});
afterAll(() => analysis.dispose());
const folder = temporaryFolder();
const signal = new AbortController().signal;
let written = 0;
const fresh = (): string => join(dirname(folder.write(join(String(written++), 'x'), '')), 'mask.safetensors');
const request = (base: string, rest: Partial<MaskRequest>): MaskRequest => ({
  ...{ base, tuned: null, kind: 'low', alpha: 0.3, maskRank: null, rho: DEFAULT_RHO, tensors: null, packed: false },
  destination: fresh(),
  ...rest,
});
async function events(params: MaskRequest): Promise<MaskEvent[]> {
  const all: MaskEvent[] = [];
  for await (const event of analysis.mask(params, signal)) all.push(event);
  return all;
}
/** The masks in a file of ours, and its recipe. */
async function masks(
  path: string,
): Promise<{ masks: Map<string, Uint8Array>; shapes: Map<string, number[]>; recipe: MaskRecipe }> {
  const file = await openCheckpoint(path);
  const [found, shapes] = [new Map<string, Uint8Array>(), new Map<string, number[]>()];
  for (const row of file.tensors.values()) {
    expect(row.dtype).toBe('U8');
    const data = new Uint8Array(row.sizeBytes);
    await file.read(row, 0, data);
    found.set(row.name, data);
    shapes.set(row.name, row.shape);
  }
  const recipe = JSON.parse(file.facts.metadata['offaxis.mask'] ?? '') as MaskRecipe;
  await file.close();
  return { masks: found, shapes, recipe };
}
async function made(base: string, rest: Partial<MaskRequest>): ReturnType<typeof masks> {
  const params = request(base, rest);
  await events(params);
  return masks(params.destination);
}
const BASE = resolve('media/samples/base');
const ones = (mask: Uint8Array): number => mask.reduce((sum, bit) => sum + bit, 0);

describe('the reference values', () => {
  type Golden = Record<string, Record<string, { count: number; sha256: string }>>;
  const golden = JSON.parse(readFileSync('test/fixtures/golden/masks-base.json', 'utf8')) as Golden;
  it.each(MASK_KINDS.filter((kind) => kind !== 'changed'))('%s, bit by bit', { timeout: 600_000 }, async (kind) => {
    const params = request(BASE, { kind });
    const told = await events(params);
    const { masks: found, recipe } = await masks(params.destination);
    expect(recipe).toMatchObject({
      schema: 'offaxis.mask/1',
      kind,
      alpha: 0.3,
      rho: 0.2,
      maskRank: null,
      packed: false,
    });
    expect([...found.keys()].sort()).toEqual(Object.keys(golden).sort());
    // no reconstruction of the samples is undetermined
    expect(told.flatMap((event) => (event.type === 'tensor' ? event.illDefined : []))).toEqual([]);
    for (const [name, mask] of found) {
      const expected = golden[name]?.[kind];
      expect(ones(mask), name).toBe(expected?.count);
      expect(createHash('sha256').update(mask).digest('hex'), name).toBe(expected?.sha256);
    }
    const sums = told.flatMap((event) => (event.type === 'tensor' ? [event.ones] : []));
    expect(sums.reduce((a, b) => a + b)).toBe([...found.values()].reduce((sum, mask) => sum + ones(mask), 0));
  });
});

describe('the largest and the smallest', () => {
  /** By sorting indices. */
  const sorted = (values: Float64Array, size: number, sign: 1 | -1): Uint8Array => {
    const order = [...values.keys()].sort(
      (a, b) => sign * (Math.abs(values[b] as number) - Math.abs(values[a] as number)) || a - b,
    );
    const mask = new Uint8Array(values.length);
    for (const index of order.slice(0, size)) mask[index] = 1;
    return mask;
  };
  const random = uniform(5);
  it.each<[string, (i: number) => number]>([
    ['of all sizes', () => (random() - 0.5) * 2 ** Math.floor(40 * random() - 20)],
    ['many of which are one', () => Math.round(8 * random() - 4) / 4],
    ['that differ in the last bits', (i) => (i % 2 ? 1 : -1) * (1 + ((i * 37) % 64) * Number.EPSILON)],
    ['of subnormal size, and zeros of both signs', (i) => [0, -0, 5e-324, -1e-320, 2 ** -1022][i % 5] as number],
    ['all alike', () => -3],
  ])('of values %s are those that sorting finds', (_, value) => {
    const values = Float64Array.from({ length: 501 }, (_, i) => value(i));
    for (const size of [0, 1, 2, 150, 250, 251, 499, 500, 501]) {
      expect(extreme(values, size, 'largest'), String(size)).toEqual(sorted(values, size, 1));
      expect(extreme(values, size, 'smallest'), String(size)).toEqual(sorted(values, size, -1));
    }
  });
});

describe('one matrix', () => {
  const float64 = (rows: number, values: Iterable<number>): Matrix => {
    const numbers = Float64Array.from(values);
    return { rows, columns: numbers.length / rows, type: 'F64', data: new Uint8Array(numbers.buffer) };
  };
  const matrix = float64(2, [4, -2, 2, 0, -8, 1, -1, 2]);
  const options = { kind: 'low', alpha: 0.5, rho: 0.25, rank: 1 } as const;
  const reference = createReferenceBackend();
  it('takes ties from the lowest index on', async () => {
    expect([...(await maskOf(matrix, options, reference, signal)).mask]).toEqual([0, 1, 0, 1, 0, 1, 1, 0]);
    expect([...(await maskOf(matrix, { ...options, alpha: 0.75 }, reference, signal)).mask]).toEqual([
      0, 1, 1, 1, 0, 1, 1, 1,
    ]);
  });
  it('off-principal and safe follow from the others; geo unites two', async () => {
    const of = async (kind: 'principal' | 'off-principal' | 'low' | 'safe' | 'geo'): Promise<number[]> => [
      ...(await maskOf(matrix, { ...options, kind }, reference, signal)).mask,
    ];
    const [principal, off, low, safe] = [
      await of('principal'),
      await of('off-principal'),
      await of('low'),
      await of('safe'),
    ];
    expect(off).toEqual(principal.map((bit) => 1 - bit));
    expect(safe).toEqual(off.map((bit, i) => bit | (low[i] ?? 0)));
    expect((await of('geo')).reduce((a, b) => a + b)).toBeGreaterThanOrEqual(2);
  });
  it('with leading triplets alone marks what all of the reconstruction does', { timeout: 120_000 }, async () => {
    // large enough for the short way
    const [rows, columns, rank] = [560, 520, 5];
    const values = weightLike(rows, columns, 3);
    const wide = float64(rows, values);
    const turned = float64(
      columns,
      values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? 0),
    );
    const { left, right } = await leadingPart({ rows, columns, values }, rank);
    const entries = values.map((_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let t = 0; t < rank; t++)
        sum += (left.values[row * rank + t] as number) * (right.values[t * columns + column] as number);
      return sum;
    });
    const cpu = (await createBackends({ backend: 'cpu', threads: 1, directory: resolve('dist') })).cpu;
    try {
      const grid = { grid: 'BF16', onGrid: true } as const;
      const { reduced } = await cpu.alignPair(wide, wide, { maskRank: rank, alpha: 0.3, grid });
      expect(reduced).toEqual([]);
      for (const [kind, alpha, which] of [
        ['principal', 0.3, 'largest'],
        ['geo', 0.2, 'smallest'],
      ] as const) {
        const wanted = extreme(entries, Math.round(alpha * values.length), which);
        const size = ones(wanted);
        const own = { ...options, kind, alpha, rho: alpha, rank };
        const { mask, illDefined } = await maskOf(wide, own, cpu, signal);
        expect(illDefined).toBe(false);
        if (kind === 'principal') {
          expect(mask).toEqual(wanted);
          const other = (await maskOf(turned, own, cpu, signal)).mask;
          expect(other.every((bit, i) => bit === wanted[(i % rows) * columns + Math.floor(i / rows)])).toBe(true);
        } else {
          const small = extreme(values, size, 'smallest');
          expect(mask).toEqual(wanted.map((bit, i) => bit | (small[i] as number)));
        }
      }
    } finally {
      await cpu.dispose();
    }
  });
  it('says if the reconstruction is not determined', async () => {
    const equal = float64(2, [1, 0, 0, 1]);
    expect((await maskOf(equal, { ...options, kind: 'principal' }, reference, signal)).illDefined).toBe(true);
    const apart = float64(2, [2, 0, 0, 1]);
    expect(await maskOf(apart, { ...options, kind: 'principal', alpha: 0.25 }, reference, signal)).toEqual({
      mask: Uint8Array.from([1, 0, 0, 0]),
      illDefined: false,
    });
  });
});

describe('what changed', () => {
  it('is where the stored codes differ, in every tensor, +0 and -0 and NaN apart from the bits', async () => {
    const words = (...codes: number[]): Entry => ({
      ...{ dtype: 'BF16', shape: [codes.length] },
      data: new Uint8Array(Uint16Array.from(codes).buffer),
    });
    const write = (name: string, entry: Entry): string =>
      folder.write(`${written++}/${name}`, safetensors({ 'model.norm.weight': entry }));
    const base = write('base.safetensors', words(0x3f80, 0, 0x7fc0, 0x4000, 0x7fc0));
    const tuned = write('tuned.safetensors', words(0x3f81, 0x8000, 0x7fc1, 0x4000, 0x3f80));
    const { masks: found } = await made(base, { kind: 'changed', tuned });
    expect([...(found.get('model.norm.weight') ?? [])]).toEqual([1, 0, 0, 0, 1]);
  });
  it('agrees with the density of the comparison', async () => {
    const { masks: found } = await made(BASE, { kind: 'changed', tuned: resolve('media/samples/rl') });
    const golden = JSON.parse(readFileSync('test/fixtures/golden/base-to-rl.json', 'utf8')) as {
      tensors: Record<string, { updateDensity: number }>;
    };
    expect(found.size).toBe(57);
    for (const [name, mask] of found)
      expect(ones(mask), name).toBe(Math.round((golden.tensors[name]?.updateDensity ?? NaN) * mask.length));
  });
});

describe('files', () => {
  it('packed: eight weights a byte, the first in the lowest bit, their shapes in the metadata', async () => {
    const rest = { kind: 'low', tensors: '*layers.0.self_attn*' } as const;
    const [plain, packed] = [await made(BASE, rest), await made(BASE, { ...rest, packed: true })];
    expect(packed.masks.size).toBe(4);
    for (const [name, bits] of plain.masks) {
      const bytes = packed.masks.get(name) ?? new Uint8Array();
      expect(packed.recipe.shapes?.[name]).toEqual(plain.shapes.get(name));
      expect([...bits]).toEqual(Array.from(bits, (_, i) => ((bytes[i >> 3] as number) >> (i & 7)) & 1));
    }
    const packer = new Packer();
    const pieces = [
      [1, 0, 1],
      [1, 1, 1, 1, 1, 1],
      [0, 1],
    ].map((bits) => [...packer.add(Uint8Array.from(bits))]);
    expect([...pieces, [...packer.end()]]).toEqual([[], [0b11111101], [], [0b101]]);
  });
  it('fused and interleaved tensors keep their own names and order', async () => {
    const name = 'model.layers.0.self_attn.qkv_proj.weight';
    const config = { model_type: 'phi3', num_attention_heads: 2, num_key_value_heads: 1, hidden_size: 4 };
    const place = String(written++);
    folder.write(`${place}/config.json`, config);
    const model = { [name]: { dtype: 'BF16', shape: [8, 4], data: codes16(32, 0x3f80) } };
    const path = folder.write(`${place}/model.safetensors`, safetensors(model));
    const { masks: found, shapes } = await made(path, { alpha: 0.5 });
    // within each part of q, k and v the first half holds the smallest weights, as the codes ascend
    expect(shapes.get(name)).toEqual([8, 4]);
    const half = (rows: number): number[] => Array.from({ length: rows * 4 }, (_, i) => (i < rows * 2 ? 1 : 0));
    expect([...(found.get(name) ?? [])]).toEqual([...half(4), ...half(2), ...half(2)]);
  });
  it('Conv1D, stored the other way round, has its mask in the order of its storage', async () => {
    const { masks: found } = await made(resolve('test/fixtures/adapters/gpt2/base'), { kind: 'low', maskRank: 1 });
    const file = await openCheckpoint(resolve('test/fixtures/adapters/gpt2/base'));
    for (const [name, mask] of found)
      expect(mask.length, name).toBe(file.tensors.get(name)?.shape.reduce((a, b) => a * b));
    await file.close();
    expect([...found.keys()].some((name) => name.includes('c_attn'))).toBe(true);
  });
  it('are made of the triplets that are kept, for every kind of one limit', { timeout: 120_000 }, async () => {
    const kept = join(folder.path, 'kept');
    const entries = (): string[] =>
      readdirSync(kept, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.entry'));
    const cache = { folder: kept, maxBytes: 2 ** 30 };
    const keeping = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist'), cache });
    const some = '*layers.0.self_attn*';
    const write = async (kind: MaskRequest['kind']): Promise<Uint8Array> => {
      const params = request(BASE, { kind, tensors: some });
      for await (const event of keeping.mask(params, signal)) void event;
      return (await masks(params.destination)).masks.get('model.layers.0.self_attn.q_proj.weight') ?? new Uint8Array();
    };
    try {
      const principal = await write('principal');
      const found = entries();
      expect(found.length).toBeGreaterThanOrEqual(4);
      const off = await write('off-principal');
      expect(off).toEqual(principal.map((bit) => 1 - bit));
      expect(entries()).toEqual(found);
    } finally {
      await keeping.dispose();
    }
  });
  it('come in shards with an index above the limit, and not at all if ended in the middle', async () => {
    const base = await openCheckpoint(BASE);
    const backend = createReferenceBackend();
    const params = request(BASE, {});
    for await (const event of writeMasks(base, null, params, backend, signal, 300_000)) void event;
    const names = readdirSync(dirname(params.destination));
    expect(names.filter((name) => /^mask-0000\d-of-0000\d\.safetensors$/.test(name)).length).toBeGreaterThan(1);
    expect((await masks(`${params.destination}.index.json`)).masks.size).toBe(42);
    const abort = new AbortController();
    const ended = request(BASE, {});
    const run = async (): Promise<void> => {
      for await (const event of writeMasks(base, null, ended, backend, abort.signal))
        if (event.type === 'tensor') abort.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(dirname(ended.destination))).toEqual(['x']);
    await base.close();
  });
});

describe('what is refused', () => {
  const weight = (...values: number[]): string =>
    folder.write(
      `${written++}/model.safetensors`,
      safetensors({ 'model.layers.0.mlp.up_proj.weight': { dtype: 'F32', shape: [2, 2], data: f32(...values) } }),
    );
  it.each([
    ['NaN', () => request(weight(1, NaN, 2, 3), {}), /holds NaN or infinities/],
    ['nothing under the pattern', () => request(BASE, { tensors: 'nothing' }), /no matrix .* under that pattern/],
    [
      'a rank out of range',
      () => request(weight(1, 2, 3, 4), { kind: 'principal', maskRank: 3 }),
      /mask rank 3 is out of range/,
    ],
    [
      'a checkpoint as destination',
      () => request(BASE, { destination: join(BASE, 'model.safetensors') }),
      /checkpoint/,
    ],
    ['"changed" of one checkpoint', () => request(BASE, { kind: 'changed' }), /of BASE and TUNED/],
    ['another kind of two', () => request(BASE, { tuned: BASE }), /of BASE and TUNED/],
  ])('%s', async (_, params, message) => {
    await expect(events(params())).rejects.toThrow(message);
  });
});
