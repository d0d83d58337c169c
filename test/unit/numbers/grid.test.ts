import { describe, expect, it } from 'vitest';
import {
  CELL_POSITIONS,
  cellCount,
  cellGaps,
  classCount,
  codeValue,
  Grid,
  layoutOf,
  type GridName,
} from '../../../src/numbers/index.ts';
import { normal } from '../matrices.ts';

/** The non-negative finite values of each type in ascending order, decoded from the codes as its specification says. */
const LAYOUTS: Record<GridName, [exponentBits: number, mantissaBits: number, bias: number, finiteCodes: number]> = {
  BF16: [8, 7, 127, 0x7f80],
  F16: [5, 10, 15, 0x7c00],
  F8_E4M3: [4, 3, 7, 0x7f], // 0x7f is NaN, there is no infinity
  F8_E5M2: [5, 2, 15, 0x7c],
  F8_E4M3FNUZ: [4, 3, 8, 0x80], // NaN is the code of -0
  F8_E5M2FNUZ: [5, 2, 16, 0x80],
};
const GRIDS = Object.keys(LAYOUTS) as GridName[];

function valuesOf(name: GridName): number[] {
  const [, mantissaBits, bias, codes] = LAYOUTS[name];
  return Array.from({ length: codes }, (_, code) => {
    const field = code >> mantissaBits;
    const mantissa = (code & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
    return field === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (field - bias);
  });
}

describe.each(GRIDS)('the grid %s', (name) => {
  const grid = new Grid(name);
  const values = valuesOf(name);
  const [exponentBits, mantissaBits] = LAYOUTS[name];

  it('keeps every value of its own, and rounds to the nearest with ties to the even code', () => {
    const wrong = values.filter((value, code) => {
      if (grid.round(value) !== value || grid.round(-value) !== -value) return true;
      const next = values[code + 1];
      if (next === undefined) return false;
      const middle = (value + next) / 2;
      const step = (next - value) / 64;
      return (
        grid.round(middle) !== (code % 2 === 0 ? value : next) ||
        grid.round(middle - step) !== value ||
        grid.round(-middle - step) !== -next
      );
    });
    expect(wrong).toEqual([]);
  });

  it('goes to infinity, or NaN if there is none, half a step beyond the largest', () => {
    const largest = values.at(-1) ?? 0;
    const step = largest - (values.at(-2) ?? 0);
    const beyond = name === 'BF16' || name === 'F16' || name === 'F8_E5M2' ? Infinity : NaN;
    expect(grid.round(largest + 0.49 * step)).toBe(largest);
    expect(grid.round(largest + 0.51 * step)).toBe(beyond);
    expect(grid.round(Infinity)).toBe(beyond);
    expect(grid.round(NaN)).toBeNaN();
  });

  it('classes every code by exponent field and power of two', () => {
    expect(classCount(name)).toBe(2 * 2 ** exponentBits);
    const wrong = values.filter((value, code) => {
      const index = (code >> mantissaBits) * 2 + ((code & (2 ** mantissaBits - 1)) === 0 ? 1 : 0);
      return grid.classOf(value) !== index || grid.classOf(-value) !== index;
    });
    expect(wrong).toEqual([]);
  });

  it('gives half the distance to each neighbour, and its own spacing beyond the largest', () => {
    const wrong = values.filter((value, code) => {
      const below = values[code - 1];
      if (below === undefined) return false;
      const above = values[code + 1] ?? value + (value - below);
      const index = grid.classOf(value);
      return grid.gapToward(index) !== (value - below) / 2 || grid.gapAway(index) !== (above - value) / 2;
    });
    expect(wrong).toEqual([]);
  });
});

describe('values of half-precision codes', () => {
  it('agree with the layout of the type, sign, infinities and NaN included', () => {
    const values = valuesOf('F16');
    expect(
      values.filter(
        (value, code) =>
          codeValue(code, layoutOf('F16')) !== value || codeValue(code | 0x8000, layoutOf('F16')) !== -value,
      ),
    ).toEqual([]);
    expect([
      codeValue(0x7c00, layoutOf('F16')),
      codeValue(0xfc00, layoutOf('F16')),
      codeValue(0x7e01, layoutOf('F16')),
    ]).toEqual([Infinity, -Infinity, NaN]);
  });
});

describe('cells of weights that are stored wider than the grid', () => {
  const spec = { grid: 'BF16', onGrid: false } as const;
  const grid = new Grid('BF16');
  const gaps = cellGaps(spec);

  it('measure the distances to both boundaries to half a position', () => {
    expect(cellCount(spec)).toBe(512 * CELL_POSITIONS);
    const next = normal(1);
    for (let i = 0; i < 1000; i++) {
      const weight = next() * 10 ** (-3 * Math.abs(next()));
      const cell = grid.cellOf(weight, true);
      const magnitude = Math.abs(weight);
      const center = Math.abs(grid.round(weight));
      const index = grid.classOf(center);
      const toward = magnitude - (center - grid.gapToward(index));
      const away = center + grid.gapAway(index) - magnitude;
      const spread = (gaps.spread?.[cell] ?? 0) * (1 + 1e-9);
      expect(Math.abs((gaps.toward[cell] ?? NaN) - toward)).toBeLessThanOrEqual(spread);
      expect(Math.abs((gaps.away[cell] ?? NaN) - away)).toBeLessThanOrEqual(spread);
    }
  });

  it('put a weight beyond the largest value at the outer end of its cell, and one near 0 into the cell of 0', () => {
    expect(grid.cellOf(3.4e38, true)).toBe(grid.classOf(3.38e38) * CELL_POSITIONS + CELL_POSITIONS - 1);
    expect(Math.floor(grid.cellOf(2 ** -140, true) / CELL_POSITIONS)).toBe(1);
  });
});
