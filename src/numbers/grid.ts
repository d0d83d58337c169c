/**
 * The grids on which changes are counted, and the rounding cells of their values. A weight changes on the grid when its update carries
 * it over a boundary of its cell, so the distances to the two boundaries are all that a rounding null needs.
 */
import { largestOf, layoutOf, leastExponent, overflowOf, type FloatLayout, type GridName } from './types.ts';

/** The grid on which codes are compared, and how the two sides lie on it (METRICS: Storage). */
export interface GridSpec {
  grid: GridName;
  /** both sides are already stored on the grid: classes have no position inside the cell */
  onGrid: boolean;
}
/** Positions inside a rounding cell that are told apart for storage wider than the grid. */
export const CELL_POSITIONS = 64;

/** Rounding classes of a grid: two for each exponent field. */
export function classCount(name: GridName): number {
  return 2 * 2 ** layoutOf(name).exponentBits;
}

/** Whether a weight's place inside its cell matters: its storage is wider than the grid. */
export function hasPositions(spec: GridSpec): boolean {
  return !spec.onGrid;
}

/** Length of a histogram over rounding cells: classes, times positions if they matter. */
export function cellCount(spec: GridSpec): number {
  return classCount(spec.grid) * (hasPositions(spec) ? CELL_POSITIONS : 1);
}

/** One grid, with its rounding (nearest, ties to even) and its classes. */
export class Grid {
  private readonly format: FloatLayout;
  private readonly largest: number;
  private readonly overflow: number;
  private readonly minExponent: number;
  private readonly value = new Float64Array(1);
  private readonly words = new Uint32Array(this.value.buffer);

  constructor(readonly name: GridName) {
    this.format = layoutOf(name);
    this.largest = largestOf(this.format);
    this.overflow = overflowOf(this.format);
    this.minExponent = leastExponent(this.format);
  }

  /**
   * The nearest value on the grid, ties to even; beyond the largest finite value infinity, or NaN if the type has none. NaN stays
   * NaN. Two weights have equal codes (+0 = -0, NaN = NaN) exactly if their rounded values are equal.
   */
  round(value: number): number {
    const magnitude = Math.abs(value);
    if (magnitude === 0 || Number.isNaN(value)) return value;
    if (magnitude === Infinity) return this.overflow === Infinity ? value : NaN;
    const exponent = Math.max(this.exponentOf(magnitude), this.minExponent);
    const spacing = 2 ** (exponent - this.format.mantissaBits);
    const steps = magnitude / spacing; // exact: a power of two
    const below = Math.floor(steps);
    const rest = steps - below;
    const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
    const rounded = (up ? below + 1 : below) * spacing;
    const result = rounded > this.largest ? this.overflow : rounded;
    return value < 0 ? -result : result;
  }

  /** Class of a value on the grid: exponent field * 2 + (mantissa field == 0 ? 1 : 0); infinity and NaN in the last field. */
  classOf(gridValue: number): number {
    const magnitude = Math.abs(gridValue);
    if (magnitude === 0) return 1;
    if (!(magnitude <= this.largest)) return classCount(this.name) - 1;
    const exponent = this.exponentOf(magnitude);
    if (exponent < this.minExponent) return 0;
    return (exponent + this.format.bias) * 2 + (magnitude === 2 ** exponent ? 1 : 0);
  }

  /** Half the spacing to the neighbour toward zero: half as wide at a power of two, except at the smallest normal and below. */
  gapToward(index: number): number {
    const isPower = index % 2 === 1 && index >> 1 > 1;
    return isPower ? this.gapAway(index) / 2 : this.gapAway(index);
  }

  /** Half the spacing to the neighbour away from zero; the largest finite value uses its own spacing. */
  gapAway(index: number): number {
    const exponent = Math.max((index >> 1) - this.format.bias, this.minExponent);
    return 2 ** (exponent - this.format.mantissaBits - 1);
  }

  /**
   * Index of a weight's rounding cell for a histogram of `cellCount` entries: its class, or class * 64 + position, the position
   * counting from the boundary toward zero to the one away from it.
   */
  cellOf(weight: number, positions: boolean): number {
    if (!positions) return this.classOf(weight);
    // a weight that rounds beyond the largest finite value lies at the outer end of that value's cell
    const rounded = Math.abs(this.round(weight));
    const center = rounded <= this.largest ? rounded : this.largest;
    const index = this.classOf(center);
    const toward = this.gapToward(index);
    const share = (Math.abs(weight) - (center - toward)) / (toward + this.gapAway(index));
    return index * CELL_POSITIONS + Math.min(CELL_POSITIONS - 1, Math.max(0, Math.floor(share * CELL_POSITIONS)));
  }

  private exponentOf(magnitude: number): number {
    this.value[0] = magnitude;
    return (((this.words[1] ?? 0) >>> 20) & 0x7ff) - 1023;
  }
}

/** Distances from the weights of each cell to its boundaries; for a position, of its middle, `spread` to either side. */
export interface CellGaps {
  toward: Float64Array;
  away: Float64Array;
  /** half the width of a position; null on the grid, where the distances are exact */
  spread: Float64Array | null;
}

/** The gaps of every cell of a histogram over `spec`. */
export function cellGaps(spec: GridSpec): CellGaps {
  const grid = new Grid(spec.grid);
  const count = cellCount(spec);
  const toward = new Float64Array(count);
  const away = new Float64Array(count);
  if (!hasPositions(spec)) {
    for (let i = 0; i < count; i++) {
      toward[i] = grid.gapToward(i);
      away[i] = grid.gapAway(i);
    }
    return { toward, away, spread: null };
  }
  const spread = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const index = Math.floor(i / CELL_POSITIONS);
    const width = grid.gapToward(index) + grid.gapAway(index);
    toward[i] = (((i % CELL_POSITIONS) + 0.5) / CELL_POSITIONS) * width;
    away[i] = width - (toward[i] ?? 0);
    spread[i] = width / (2 * CELL_POSITIONS);
  }
  return { toward, away, spread };
}
