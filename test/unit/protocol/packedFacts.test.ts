import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../../src/checkpoint/index.ts';
import type { CheckpointFacts, TensorRow } from '../../../src/protocol/engine.ts';
import { packFacts, unpackFacts } from '../../../src/protocol/packedFacts.ts';
import { writeLargeIndex } from '../../integration/bench/largeIndex.ts';

const row = (name: string, change: Partial<TensorRow> = {}): TensorRow => ({
  name,
  layer: 0,
  module: 'q',
  dtype: 'F32',
  shape: [2, 3],
  sizeBytes: 24,
  file: 'a.safetensors',
  offset: 100,
  missing: false,
  role: 'block',
  spectral: true,
  ...change,
});
const facts = (tensors: TensorRow[]): CheckpointFacts => ({
  path: '/a',
  format: 'safetensors, one file',
  sizeBytes: 100,
  headerBytes: 10,
  parameters: 8,
  quantisation: [],
  dtypes: { F32: tensors.length },
  shards: [],
  metadata: { note: 'x' },
  config: null,
  adapter: null,
  problems: [],
  memory: { weightsBytes: 0, weights: [], unknownTensors: 0, cache: null, reason: null },
  tensors,
});

const gptq = (codes: string, weight: string): Partial<TensorRow> => ({
  quantised: {
    ...{ codes, weight, kind: 'GPTQ', bits: 4 },
    ...{ group: 'groups of 32', storedShape: [1, 2], parameters: 16, reason: null },
  },
});

test('what is packed comes out as it was: gaps, missing shards, other files, no layer, odd names', () => {
  const before = facts([
    row('model.a'),
    row('model.a.weight', { offset: 124 }),
    row('model.b', { offset: 149, transposed: true }),
    row('', { offset: 0, layer: null, transposed: false }),
    row('model.b', { file: 'b.safetensors', offset: 24 }),
    row('gone', { file: 'c.safetensors', offset: null, missing: true, dtype: '?', shape: [], sizeBytes: 0 }),
    row('gone too', { file: 'c.safetensors', offset: null, missing: true, dtype: '?', shape: [], sizeBytes: 0 }),
    row('a.qweight', gptq('a.qweight', 'a.weight')),
    row('b.qweight', gptq('b.qweight', 'b.weight')),
    row('c_blocks', gptq('c_blocks', 'c')),
    row('\u{1f600}\n"x', { offset: 2 ** 52 }),
    row('\u{1f601}\n"x', { offset: 2 ** 52 + 24 }),
  ]);
  expect(unpackFacts(packFacts(before))).toEqual(before);
  expect(unpackFacts(packFacts(facts([])))).toEqual(facts([]));
});

test('a very large index survives a border as JSON, at a fifth of its size', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  try {
    const checkpoint = await openCheckpoint(writeLargeIndex(folder).index);
    await checkpoint.close();
    const packed = JSON.stringify(packFacts(checkpoint.facts));
    expect(unpackFacts(JSON.parse(packed) as ReturnType<typeof packFacts>)).toEqual(checkpoint.facts);
    expect(packed.length).toBeLessThan(JSON.stringify(checkpoint.facts).length / 5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what a file says of itself crosses a border in a length that a page can show, with what was left out', () => {
  const words = Array.from({ length: 1_000_000 }, (_, i): [string, string] => [`key${i}`, 'x']);
  const long = { ...facts([row('a', { dtype: 'Z'.repeat(5_000_000) })]), metadata: Object.fromEntries(words) };
  long.metadata['key0'] = 'y'.repeat(1_000_000);
  long.dtypes = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`${i}-${'T'.repeat(10_000)}`, 2]));
  const packed = packFacts(long);
  expect(JSON.stringify(packed).length).toBeLessThan(40_000);
  expect(Object.keys(packed.metadata)).toHaveLength(300);
  expect(packed.metadataLeftOut).toBe(999_700);
  expect(packed.metadata['key0']).toMatch(/^y{2000}… \(1.000.000\)$/);
  expect(packed.dtypes['50 more types']).toBe(100);
  expect(unpackFacts(packed).tensors[0]?.dtype).toMatch(/^Z{60}… /);
});

test('a name of 50 MB and 100,000 problems do not cross: they are counted', () => {
  const problems = Array.from({ length: 100_000 }, (_, i) => ({
    ...({ severity: 'warning', code: 'x', message: `problem ${i}` } as const),
  }));
  const packed = packFacts({ ...facts([row('a'), row('n'.repeat(50_000_000)), row('b')]), problems });
  expect(JSON.stringify(packed).length).toBeLessThan(500_000);
  expect([packed.tensorsLeftOut, packed.problemsLeftOut]).toEqual([1, 98_000]);
  expect(unpackFacts(packed).tensors.map(({ name }) => name)).toEqual(['a', 'b']);
});
