/** A kind of weight that is made of two entries goes through all of analysis as a stored one does: nothing there knows of tensors. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { changeOf, gridFor } from '../../../src/analysis/change.ts';
import { valuesOf } from '../../../src/analysis/values.ts';
import {
  matricesOf,
  openCheckpoint,
  readChunks,
  readMatrix,
  type Area,
  type StorageEntry,
  type Weight,
} from '../../../src/checkpoint/index.ts';
import { tensorDigest, valuesDigest } from '../../../src/health/index.ts';
import type { LinearAlgebraBackend } from '../../../src/linalg/backend.ts';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { DEFAULT_PARAMETERS } from '../../../src/protocol/results.ts';
import { f32, safetensors } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

/** Codes times one scale a row: the shape of a quantised weight, from the parts of it that matter here. */
class ScaledRows implements Weight {
  readonly type = 'F32';
  readonly dtype = 'codes x scales';
  readonly grid = null;
  readonly stored = null;
  readonly order = 'rows';
  readonly name: string;
  readonly tensor: string;
  readonly place: Weight['place'];
  readonly shape: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  readonly entries: readonly StorageEntry[];
  readonly storedBytes: number;

  constructor(
    private readonly codes: Weight,
    private readonly scales: Weight,
  ) {
    this.name = codes.name;
    this.tensor = codes.tensor;
    this.place = codes.place;
    this.shape = codes.shape;
    this.rows = codes.rows;
    this.columns = codes.columns;
    this.count = codes.count;
    this.entries = [...codes.entries, ...scales.entries];
    this.storedBytes = codes.storedBytes + scales.storedBytes;
  }

  async readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.codes.readRows(area, target, signal);
    const [from, to] = area.rows;
    const factors = new Float32Array(to - from);
    await this.scales.readRows({ rows: [from, to], columns: [0, 1] }, new Uint8Array(factors.buffer), signal);
    const values = new Float32Array(target.buffer, target.byteOffset, target.length / 4);
    const columns = area.columns[1] - area.columns[0];
    for (let i = 0; i < values.length; i++)
      values[i] = (values[i] as number) * (factors[Math.floor(i / columns)] as number);
  }
}

const ROWS = 6;
const COLUMNS = 5;
const codes = Array.from({ length: ROWS * COLUMNS }, (_, i) => ((i * 7) % 11) - 5);
const scales = Array.from({ length: ROWS }, (_, i) => 2 ** -i);
const product = codes.map((code, i) => code * (scales[Math.floor(i / COLUMNS)] as number));
const NAME = 'model.layers.3.mlp.up_proj.weight';

async function sides(): Promise<{ scaled: Weight; plain: Weight; close(): Promise<void> }> {
  const folder = temporaryFolder();
  const checkpoint = await openCheckpoint(
    folder.write(
      'x.safetensors',
      safetensors({
        [NAME]: { dtype: 'F32', shape: [ROWS, COLUMNS], data: f32(...codes) },
        'model.layers.3.mlp.up_proj.factors': { dtype: 'F32', shape: [ROWS, 1], data: f32(...scales) },
        'model.layers.4.mlp.up_proj.weight': { dtype: 'F32', shape: [ROWS, COLUMNS], data: f32(...product) },
      }),
    ),
  );
  const [one, factors, plain] = [...checkpoint.tensors.values()].map((row) => matricesOf(checkpoint, row)[0] as Weight);
  return {
    scaled: new ScaledRows(one as Weight, factors as Weight),
    plain: plain as Weight,
    close: () => checkpoint.close(),
  };
}

describe('a weight made of two entries', async () => {
  const { scaled, plain } = await sides();
  it('is read whole, by areas and in chunks', async () => {
    const whole = new Float32Array((await readMatrix(scaled)).buffer);
    expect([...whole]).toEqual(product);
    const chunks: number[] = [];
    for await (const { data } of readChunks(scaled, { weights: 12 }))
      chunks.push(...new Float32Array(data.buffer, data.byteOffset, data.length / 4));
    expect(chunks).toEqual(product);
  });
  it('shows its values, without codes of their own', async () => {
    const block = await valuesOf(scaled, { rows: [2, 4], columns: [1, 4] });
    expect([...block.values]).toEqual([2, 3].flatMap((i) => [1, 2, 3].map((j) => product[i * COLUMNS + j])));
    expect(block).toMatchObject({ dtype: 'F32' });
    expect(block.codes).toHaveLength(0);
  });
  it('is compared with a stored one, without a rounding null', async () => {
    const pair = { name: NAME, base: plain, tuned: scaled, count: plain.count, spectral: true };
    expect(gridFor(pair).hasNull).toBe(false);
    const backend: LinearAlgebraBackend = createReferenceBackend();
    const { tensor } = await changeOf(pair, DEFAULT_PARAMETERS, backend, new AbortController().signal);
    expect(tensor.dtype).toEqual({ base: 'F32', tuned: 'codes x scales' });
    expect(tensor.metrics.updateNorm).toBe(0);
    expect(tensor.flags).toContain('no-null');
  });
  it('has the digest of its values, whatever they are made of', async () => {
    const signal = new AbortController().signal;
    const values = new Uint8Array(Float32Array.from(product).buffer);
    expect(await valuesDigest(scaled, signal)).toBe(createHash('sha256').update(values).digest('hex'));
  });
  it('has the digest of all of its bytes', async () => {
    const signal = new AbortController().signal;
    expect(await tensorDigest(scaled, signal)).not.toBe(await tensorDigest(plain, signal));
    const [first] = scaled.entries;
    expect(await tensorDigest(scaled, signal)).not.toBe(
      await tensorDigest({ entries: [first as StorageEntry] }, signal),
    );
  });
});
