import { appendFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CheckpointCache } from '../../../src/analysis/checkpointCache.ts';
import { readValues } from '../../../src/analysis/values.ts';
import { openCheckpoint, planeWeight } from '../../../src/checkpoint/index.ts';
import { decodeFloats } from '../../../src/numbers/index.ts';
import { MAX_VALUES, type ValuesRequest } from '../../../src/protocol/matrix.ts';
import { row, temporaryFolder } from '../checkpoint/folder.ts';
import { codes16, f32, safetensors } from '../formats/build.ts';

const folder = temporaryFolder();
const bf16 = codes16(2 * 3 * 5 * 7, 15000);
const fp4 = Uint8Array.from({ length: 15 }, (_, i) => (i * 37) & 255);
const path = folder.write(
  'model.safetensors',
  safetensors(
    {
      four: { dtype: 'BF16', shape: [2, 3, 5, 7], data: bf16 },
      three: { dtype: 'F32', shape: [2, 2, 3], data: f32(...Array.from({ length: 12 }, (_, i) => i / 3)) },
      vector: { dtype: 'F8_E4M3', shape: [9], data: Uint8Array.from({ length: 9 }, (_, i) => i * 28) },
      scalar: { dtype: 'I64', shape: [], data: new Uint8Array(BigInt64Array.of(-9007199254740993n).buffer) },
      packed: { dtype: 'F4', shape: [6, 5], data: fp4 },
      empty: { dtype: 'F32', shape: [0, 4], data: new Uint8Array(0) },
      wide: { dtype: 'U8', shape: [3, 3_000_000], data: Uint8Array.from({ length: 9_000_000 }, (_, i) => i % 251) },
    },
    undefined,
    3,
  ),
);
const opened = await openCheckpoint(path);

describe('codes of a quantised weight', () => {
  test('are shown on request, as the file holds them; else the values that they make', async () => {
    const gptq = await openCheckpoint('test/fixtures/quantised/gptq');
    const codes = [...gptq.tensors.values()].find(({ quantised }) => quantised);
    const { name = '', shape = [], quantised, sizeBytes = 0 } = codes ?? {};
    const asked: ValuesRequest = { tensor: name, slice: [], rows: [0, 2], columns: [0, 4] };
    const stored = await readValues(gptq, { ...asked, codes: true });
    const bytes = new Uint8Array(sizeBytes);
    await gptq.read(codes as NonNullable<typeof codes>, 0, bytes);
    const words = new Int32Array(bytes.buffer);
    const width = quantised?.storedShape[1] ?? 0;
    expect(stored.dtype).toBe('I32');
    expect([...stored.values]).toEqual([0, 1].flatMap((r) => [0, 1, 2, 3].map((c) => words[r * width + c])));
    const values = await readValues(gptq, asked);
    expect(values).toMatchObject({ dtype: 'F32', codes: new BigUint64Array(0) });
    expect(shape).not.toEqual(quantised?.storedShape);
    await gptq.close();
  });
});

describe('values by range', () => {
  test('a slice of rank 4 is the same stretch of the decoded tensor', async () => {
    const all = decodeFloats('BF16', bf16);
    const block = await readValues(opened, { tensor: 'four', slice: [1, 2], rows: [1, 4], columns: [2, 6] });
    const at = (r: number, c: number): number => all[((1 * 3 + 2) * 5 + r) * 7 + c] as number;
    expect([...block.values]).toEqual([1, 2, 3].flatMap((r) => [2, 3, 4, 5].map((c) => at(r, c))));
    expect(block.codes[0]).toBe(BigInt(15000 + ((1 * 3 + 2) * 5 + 1) * 7 + 2));
    expect(block.dtype).toBe('BF16');
  });
  test('rank 3, vectors as one column, scalars, and nothing', async () => {
    const read = (tensor: string, slice: number[], rows: [number, number], columns: [number, number]) =>
      readValues(opened, { tensor, slice, rows, columns });
    expect([...(await read('three', [1], [0, 2], [1, 3])).values]).toEqual(
      [7, 8, 10, 11].map((i) => Math.fround(i / 3)),
    );
    expect((await read('vector', [], [2, 9], [0, 1])).values.length).toBe(7);
    const scalar = await read('scalar', [], [0, 1], [0, 1]);
    expect(scalar.codes[0]).toBe(BigInt.asUintN(64, -9007199254740993n));
    expect((await read('empty', [], [0, 0], [0, 4])).values.length).toBe(0);
  });
  test('rows of F4 begin in the middle of a byte', async () => {
    const block = await readValues(opened, { tensor: 'packed', slice: [], rows: [1, 3], columns: [0, 5] });
    const codes = Array.from({ length: 30 }, (_, i) => ((fp4[i >> 1] ?? 0) >> (i % 2 ? 4 : 0)) & 15);
    expect([...block.codes].map(Number)).toEqual(codes.slice(5, 15));
  });
  test('rows that lie far apart are read one by one', async () => {
    const block = await readValues(opened, { tensor: 'wide', slice: [], rows: [0, 3], columns: [1000, 1002] });
    expect([...block.values]).toEqual([0, 1, 2].flatMap((r) => [1000, 1001].map((c) => (r * 3_000_000 + c) % 251)));
  });
  test('what lies outside, and too much at once, is refused with the limit', async () => {
    const wrong = (rows: [number, number], slice: number[] = [0]) =>
      readValues(opened, { tensor: 'three', slice, rows, columns: [0, 3] });
    await expect(wrong([0, 3])).rejects.toThrow(/rows 0 to 3/);
    await expect(wrong([0, 1], [2])).rejects.toThrow(/index 2 on axis 0/);
    await expect(wrong([0, 1], [])).rejects.toThrow(/1 axes before/);
    await expect(readValues(opened, { tensor: 'no', slice: [], rows: [0, 1], columns: [0, 1] })).rejects.toThrow(
      /"no"/,
    );
    await expect(
      readValues(opened, { tensor: 'wide', slice: [], rows: [0, 1], columns: [0, MAX_VALUES + 1] }),
    ).rejects.toThrow(String(MAX_VALUES));
    expect(planeWeight(opened, row('x', [4, 5]), [])).toMatchObject({ rows: 4, columns: 5, stored: { first: 0 } });
  });
});

test('the cache opens a checkpoint once, and again when its file has changed', async () => {
  const file = folder.write('cached.safetensors', safetensors({ a: { dtype: 'F32', shape: [1], data: f32(1) } }));
  const cache = new CheckpointCache();
  const first = await cache.use(file, async (checkpoint) => checkpoint);
  expect(await cache.use(file, async (checkpoint) => checkpoint)).toBe(first);
  writeFileSync(file, safetensors({ b: { dtype: 'F32', shape: [2], data: f32(1, 2) } }));
  const second = await cache.use(file, async (checkpoint) => checkpoint);
  expect([...second.tensors.keys()]).toEqual(['b']);
  appendFileSync(file, 'x');
  await cache.use(file, async (checkpoint) => expect(checkpoint.problems.length).toBeGreaterThan(0));
  await expect(cache.use(`${file}.no`, async () => 0)).rejects.toThrow(/does not exist/);
  await cache.dispose();
});
