import { describe, expect, it } from 'vitest';
import { LineScan } from '../../../src/health/lines.ts';

/** Row by row, in chunks of `step` rows. */
function scan(rows: number[][], step: number, matrixRows = rows.length): LineScan['found'] {
  const columns = rows[0]?.length ?? 0;
  const lines = new LineScan('F32', matrixRows, columns);
  for (let i = 0; i < rows.length; i += step)
    lines.add(new Uint8Array(Float32Array.from(rows.slice(i, i + step).flat()).buffer));
  return lines.found;
}
const noise = (i: number, j: number): number => 1 + ((i * 31 + j * 17) % 97);

describe.each([1, 2, 5])('rows and columns of one value, %i rows a chunk', (step) => {
  it('finds zero and constant lines wherever they lie', () => {
    const rows = Array.from({ length: 10 }, (_, i) => Array.from({ length: 12 }, (_, j) => noise(i, j)));
    for (const row of rows) {
      row[0] = 0;
      row[11] = 2.5;
    }
    rows[3] = Array<number>(12)
      .fill(0)
      .map((x, j) => (j === 11 ? 2.5 : x));
    rows[9] = Array<number>(12).fill(7);
    const found = scan(rows, step);
    // row 9 breaks both columns, and row 3 is not all zero
    expect(found.zeroColumns.count).toBe(0);
    expect(found.constantColumns.count).toBe(0);
    expect(found.constantRows).toEqual({ count: 1, first: [{ matrix: 0, line: 9 }] });
    expect(found.zeroRows.count).toBe(0);
  });
  it('takes +0 and -0 for one value, and NaN for none', () => {
    const found = scan(
      [
        [0, -0, 0, NaN],
        [-0, 0, 1, NaN],
        [0, 0, -0, NaN],
      ],
      step,
    );
    expect(found.zeroColumns).toEqual({ count: 2, first: [0, 1].map((line) => ({ matrix: 0, line })) });
    expect(found.constantColumns.count).toBe(0);
    expect(found.zeroRows.count).toBe(0);
  });
  it('begins anew with every matrix of a stack', () => {
    const stack = [
      [1, 2],
      [1, 3],
      [1, 4],
      [0, 0],
      [5, 6],
      [5, 7],
    ];
    const found = scan(stack, step, 2);
    expect(found.constantColumns).toEqual({
      count: 2,
      first: [
        { matrix: 0, line: 0 },
        { matrix: 2, line: 0 },
      ],
    });
    expect(found.zeroRows).toEqual({ count: 1, first: [{ matrix: 1, line: 1 }] });
  });
  it('counts beyond the places that it keeps', () => {
    const found = scan(
      Array.from({ length: 9 }, () => [0, 0, 0]),
      step,
    );
    expect(found.zeroRows.count).toBe(9);
    expect(found.zeroRows.first).toHaveLength(3);
    expect(found.zeroColumns.count).toBe(3);
  });
});

it.each([
  ['BF16', 0x3f80, 0x7fc0],
  ['F16', 0x3c00, 0x7e00],
] as const)('reads %s codes', (type, one, nan) => {
  const rows = [
    [0, 0x8000, 0],
    [one, one, one],
    [nan, nan, nan],
    [one, 0, one],
  ];
  const lines = new LineScan(type, 4, 3);
  lines.add(new Uint8Array(Uint16Array.from(rows.flat()).buffer));
  expect(lines.found.zeroRows.first).toEqual([{ matrix: 0, line: 0 }]);
  expect(lines.found.constantRows.first).toEqual([{ matrix: 0, line: 1 }]);
  expect(lines.found.constantRows.count).toBe(1);
});
