import { describe, expect, test } from 'vitest';
import { CheckpointCache } from '../../../src/analysis/checkpointCache.ts';
import { ComparisonCache } from '../../../src/analysis/comparisonCache.ts';
import { pictureOf } from '../../../src/analysis/picture.ts';
import { decodeFloats, Grid } from '../../../src/numbers/index.ts';
import type { PictureCheckpoints } from '../../../src/protocol/engine.ts';
import type { Picture, PictureEvent, PictureRequest } from '../../../src/protocol/matrix.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';
import { f32, safetensors } from '../formats/build.ts';

const folder = temporaryFolder();
const ROWS = 97;
const COLUMNS = 53;
let state = 1;
const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
const codes = Uint16Array.from(
  { length: 3 * ROWS * COLUMNS },
  () => (random() < 0 ? 0x8000 : 0) | (15800 + Math.floor(random() * 200)),
);
codes[5 * COLUMNS + 7] = 0x7fc0;
codes[5 * COLUMNS + 8] = 0xff80;
const tuned = codes.map((code) => (random() < 0.2 ? code + 1 : code));
const bytes = (words: Uint16Array): Uint8Array => new Uint8Array(words.slice().buffer);
const heads = { num_attention_heads: 2, num_key_value_heads: 1, head_dim: 4, model_type: 'gpt_neox', hidden_size: 6 };
const fused = Float32Array.from({ length: 24 * 6 }, random);
const fusedTuned = fused.map((w) => (random() < 0.5 ? w : w + random() / 10));
function write(name: string, words: Uint16Array, other: Float32Array): string {
  folder.write(`${name}/config.json`, { ...heads, num_key_value_heads: 2 });
  return folder.write(
    `${name}/model.safetensors`,
    safetensors({
      'layers.0.self_attn.q_proj.weight': {
        dtype: 'BF16',
        shape: [ROWS, COLUMNS],
        data: bytes(words.subarray(0, ROWS * COLUMNS)),
      },
      stack: { dtype: 'BF16', shape: [3, ROWS, COLUMNS], data: bytes(words) },
      'layers.0.attention.query_key_value.weight': { dtype: 'F32', shape: [24, 6], data: f32(...other) },
      'h.0.attn.c_attn.weight': { dtype: 'F32', shape: [6, 18], data: f32(...other.subarray(0, 108)) },
    }),
  );
}
const basePath = write('base', codes, fused);
const tunedPath = write('tuned', tuned, fusedTuned);
const pair = { base: basePath, tuned: tunedPath, includeEmbeddings: false, tensors: null };
const checkpoints = new CheckpointCache();
const held = { checkpoints, comparisons: new ComparisonCache(checkpoints) };

async function events(of: PictureCheckpoints, request: PictureRequest): Promise<PictureEvent[]> {
  const all: PictureEvent[] = [];
  for await (const event of pictureOf(held, of, request, new AbortController().signal)) all.push(event);
  return all;
}
async function picture(of: PictureCheckpoints, request: PictureRequest): Promise<Picture> {
  const last = (await events(of, request)).at(-1);
  if (last?.type !== 'picture') throw new Error('no picture');
  return last.picture;
}

/** The definition, pixel by pixel. */
function brute(at: (row: number, column: number) => number, request: PictureRequest) {
  const R = request.rows[1] - request.rows[0];
  const C = request.columns[1] - request.columns[0];
  const height = Math.min(request.height, R);
  const width = Math.min(request.width, C);
  const start = (p: number, lines: number, pixels: number): number => Math.floor((p * lines) / pixels);
  const mean: number[] = [];
  const min: number[] = [];
  const max: number[] = [];
  const bad: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const values: number[] = [];
      let lost = 0;
      for (let r = start(y, R, height); r < start(y + 1, R, height); r++)
        for (let c = start(x, C, width); c < start(x + 1, C, width); c++) {
          const value = at(request.rows[0] + r, request.columns[0] + c);
          if (Number.isFinite(value)) values.push(value);
          else lost++;
        }
      mean.push(values.reduce((a, b) => a + b, 0) / values.length);
      min.push(Math.min(...values));
      max.push(Math.max(...values));
      bad.push(lost);
    }
  return { width, height, mean, min, max, bad };
}
function expectSame(got: Picture, want: ReturnType<typeof brute>): void {
  expect([got.width, got.height]).toEqual([want.width, want.height]);
  // a pixel without a finite weight has no figures
  const none = (figures: number[]): number[] => figures.map((v) => (Number.isFinite(v) ? Math.fround(v) : NaN));
  got.mean.forEach((value, i) => {
    if (Number.isNaN(want.mean[i])) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(want.mean[i] ?? NaN, 6);
  });
  expect([...got.min]).toEqual(none(want.min));
  expect([...got.max]).toEqual(none(want.max));
  expect([...(got.notFinite ?? new Uint32Array(want.bad.length))]).toEqual(want.bad);
}
const values = decodeFloats('BF16', bytes(codes));
const after = decodeFloats('BF16', bytes(tuned));
const name = 'layers.0.self_attn.q_proj.weight';

describe('pictures against a brute-force computation', () => {
  test.each([
    { rows: [0, ROWS], columns: [0, COLUMNS], width: 20, height: 30 },
    { rows: [3, 41], columns: [5, 19], width: 100, height: 100 },
    { rows: [1, 90], columns: [0, COLUMNS], width: 1, height: 7 },
  ] as const)('values and magnitudes of %o', async ({ rows, columns, width, height }) => {
    const rest = { rows: [...rows] as [number, number], columns: [...columns] as [number, number], width, height };
    for (const kind of ['values', 'magnitude'] as const) {
      const request: PictureRequest = { ...rest, source: { kind, tensor: 'stack', slice: [0] } };
      const got = await picture({ path: basePath }, request);
      const at = (r: number, c: number): number => values[r * COLUMNS + c] as number;
      expectSame(
        got,
        brute((r, c) => (kind === 'magnitude' ? Math.abs(at(r, c)) : at(r, c)), request),
      );
      expect(got.kind).toBe(kind);
    }
  });
  test('another slice, an outlier in the extremes, profiles that are means of |w|', async () => {
    const request: PictureRequest = {
      source: { kind: 'values', tensor: 'stack', slice: [2] },
      rows: [0, ROWS],
      columns: [0, COLUMNS],
      width: 10,
      height: 10,
    };
    const at = (r: number, c: number): number => values[(2 * ROWS + r) * COLUMNS + c] as number;
    const got = await picture({ path: basePath }, request);
    expectSame(got, brute(at, request));
    const size = (r: number, c: number): number => Math.abs(at(r, c));
    const one = brute(size, { ...request, width: 1 });
    got.rowProfile.mean.forEach((value, i) => expect(value).toBeCloseTo(one.mean[i] ?? NaN, 6));
    const lines = Array.from(
      { length: ROWS },
      (_, r) => Array.from({ length: COLUMNS }, (_, c) => size(r, c)).reduce((a, b) => a + b, 0) / COLUMNS,
    );
    expect(got.rowProfile.max[0]).toBeCloseTo(Math.max(...lines.slice(0, 9)), 6);
    const across = brute(size, { ...request, height: 1 });
    got.columnProfile.mean.forEach((value, i) => expect(value).toBeCloseTo(across.mean[i] ?? NaN, 6));
  });
  test('D and the change mask of a pair', async () => {
    const rest = { rows: [2, 80] as [number, number], columns: [1, 50] as [number, number], width: 12, height: 15 };
    const at = (r: number, c: number): number =>
      (after[r * COLUMNS + c] as number) - (values[r * COLUMNS + c] as number);
    const update: PictureRequest = { ...rest, source: { kind: 'update', pair: name } };
    expectSame(await picture(pair, update), brute(at, update));
    const changed: PictureRequest = { ...rest, source: { kind: 'changed', pair: name } };
    const isChanged = (r: number, c: number): number => (codes[r * COLUMNS + c] === tuned[r * COLUMNS + c] ? 0 : 1);
    expectSame(await picture(pair, changed), brute(isChanged, changed));
  });
  test('a key matrix interleaved per head, and a transposed Conv1D, are drawn in their own rows', async () => {
    const fusedName = 'layers.0.attention.query_key_value.weight';
    const grid = new Grid('BF16');
    const key: PictureRequest = {
      source: { kind: 'update', pair: `${fusedName}#k` },
      rows: [2, 7],
      columns: [1, 5],
      width: 99,
      height: 99,
    };
    // two groups of q, k and v with four rows each
    const place = (r: number, c: number): number => (Math.floor(r / 4) * 12 + 4 + (r % 4)) * 6 + c;
    expectSame(
      await picture(pair, key),
      brute((r, c) => (fusedTuned[place(r, c)] as number) - (fused[place(r, c)] as number), key),
    );
    const conv: PictureRequest = {
      source: { kind: 'changed', pair: 'h.0.attn.c_attn.weight#k' },
      rows: [1, 6],
      columns: [0, 6],
      width: 3,
      height: 5,
    };
    const stored = (r: number, c: number): number => c * 18 + 6 + r;
    expectSame(
      await picture(pair, conv),
      brute(
        (r, c) =>
          grid.round(fused[stored(r, c)] as number) === grid.round(fusedTuned[stored(r, c)] as number) ? 0 : 1,
        conv,
      ),
    );
  });
  test('what is not part of a matrix is refused', async () => {
    const request: PictureRequest = {
      source: { kind: 'update', pair: name },
      rows: [0, ROWS + 1],
      columns: [0, 1],
      width: 9,
      height: 9,
    };
    await expect(events(pair, request)).rejects.toThrow(/rows 0 to 98/);
    await expect(events({ path: basePath }, { ...request, rows: [0, 1] })).rejects.toThrow(/from two checkpoints/);
    await expect(events(pair, { ...request, rows: [0, 1], source: { kind: 'update', pair: 'no' } })).rejects.toThrow(
      /"no" is not a pair/,
    );
  });
});

test('a large matrix is streamed with progress, and can be cancelled between', async () => {
  const side = 3000;
  const large = folder.write(
    'large.safetensors',
    safetensors({
      w: { dtype: 'F8_E4M3', shape: [side, side], data: Uint8Array.from({ length: side * side }, (_, i) => i % 120) },
    }),
  );
  const request: PictureRequest = {
    source: { kind: 'values', tensor: 'w', slice: [] },
    rows: [0, side],
    columns: [0, side],
    width: 300,
    height: 200,
  };
  const abort = new AbortController();
  const stream = pictureOf(held, { path: large }, request, abort.signal);
  const got = await picture({ path: large }, request);
  expect([got.width, got.height]).toEqual([300, 200]);
  abort.abort();
  await expect(stream.next()).rejects.toThrow('Cancelled');
});
