import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { rowsCsv } from '../../../src/export/csv.ts';
import { rowsParquet } from '../../../src/export/parquet.ts';
import { COLUMN_NAMES, columnsOfRows, rowsOf, rowsOfRuns, type Row } from '../../../src/export/rows.ts';
import { writeWhole } from '../../../src/files/index.ts';
import type { ComparisonTensor, TwinMetrics } from '../../../src/protocol/results.ts';
import { tensor } from '../makers.ts';

/** Figures of every kind, with what a float64 can just hold, and what is not there. */
function rich(name: string, layer: number | null, nss: number): ComparisonTensor {
  const one = tensor(name, {}, { layer, module: 'self_attn.q_proj', flags: ['no-update'] });
  return {
    ...one,
    metrics: {
      ...one.metrics,
      ...{
        nss,
        angleRank: 64,
        wedinVacuous: true,
        wedinBound: null,
        principalRange: [0.1, 1 - 2 ** -53],
        intruders: 3,
      },
    },
  };
}
const tensors = [rich('model.layers.0.q\u00e9"\n', 0, 5e-324), rich('=1+1', null, 0.1 + 0.2)];

async function readBack(rows: readonly Row[]): Promise<Record<string, unknown>[]> {
  const bytes = rowsParquet(rows);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  expect(parquetMetadata(file).num_rows).toBe(BigInt(rows.length));
  return parquetReadObjects({ file });
}

describe('Parquet', () => {
  it('reads back to the exact values of every column, with types and nulls', async () => {
    const rows = rowsOf({ tensors });
    const found = await readBack(rows);
    expect(Object.keys(found[0] ?? {})).toEqual([...COLUMN_NAMES]);
    for (const [i, row] of rows.entries())
      for (const { name, kind, value } of columnsOfRows(rows)) {
        const wanted = value(row) ?? null;
        const isBig = kind === 'integer' && wanted !== null;
        expect(found[i]?.[name] ?? null, name).toBe(isBig ? BigInt(wanted as number) : wanted);
      }
    expect(found[0]).toMatchObject({ nss: 5e-324, layer: 0n, angleRank: 64n, wedinVacuous: true, intruders: 3n });
    expect(found[0]?.['principalRange.max']).toBe(1 - 2 ** -53);
    expect(found[1]).toMatchObject({ name: '=1+1', layer: null, wedinBound: null });
  });
  it('of several runs has a row a tensor and run, in the columns of the CSV; a twin adds its own', async () => {
    const twin = { nss: 0.25 } as Partial<TwinMetrics> as TwinMetrics;
    const [first, second] = tensors as [ComparisonTensor, ComparisonTensor];
    const rows = rowsOfRuns([
      { name: 'rl', step: 100, tensors: [first, second] },
      { name: 'sft', step: null, tensors: [{ ...first, metrics: { ...first.metrics, twin } }] },
    ]);
    const found = await readBack(rows);
    expect(found.map(({ run, step, name }) => [run, step, name])).toEqual([
      ['rl', 100n, first.name],
      ['rl', 100n, second.name],
      ['sft', null, first.name],
    ]);
    expect(found.map((row) => row['twin.nss'])).toEqual([null, null, 0.25]);
    const [head = ''] = rowsCsv(rows);
    expect(head.trimEnd().split(',')).toEqual(Object.keys(found[0] ?? {}));
    expect([...rowsCsv(rows)]).toHaveLength(4);
  });
  it('without a row has its columns, and a number that is not finite is none', async () => {
    expect(await readBack([])).toEqual([]);
    const [found] = await readBack(rowsOf({ tensors: [rich('a', 1, NaN)] }));
    expect(found?.['nss']).toBeNull();
  });
  it('is written as bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'offaxis-parquet-'));
    try {
      const path = join(folder, 'x.parquet');
      const bytes = rowsParquet(rowsOf({ tensors }));
      await writeWhole(path, bytes);
      expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
      expect(readFileSync(path).subarray(0, 4).toString()).toBe('PAR1');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
