/** Which line of a long axis stands at the edge, for how far a box is scrolled, and back. Numbers only. */

/** Browsers lay out no element beyond some 33 million pixels; longer axes scroll in proportion. */
const MAX_PIXELS = 8_000_000;

export class Axis {
  /** lines that can stand at the edge: 0 .. last */
  readonly last: number;
  /** pixels of scrolling from the first to the last */
  readonly range: number;

  constructor(
    readonly count: number,
    readonly size: number,
    /** lines that fit whole */
    readonly whole: number,
  ) {
    this.last = Math.max(0, count - Math.max(1, whole));
    this.range = Math.min(this.last * size, MAX_PIXELS);
  }
  firstAt(scroll: number): number {
    return this.range ? Math.min(this.last, Math.round((scroll / this.range) * this.last)) : 0;
  }
  scrollOf(first: number): number {
    return this.last ? (first / this.last) * this.range : 0;
  }
  /** The edge that brings a line into view with the least scrolling. */
  reveal(line: number, first: number): number {
    if (line < first) return line;
    return line >= first + Math.max(1, this.whole) ? Math.min(this.last, line - Math.max(1, this.whole) + 1) : first;
  }
}

/** "3, 17" as an index within the sides of a tensor; a sentence if it is not one. */
export function parseIndex(text: string, shape: readonly number[]): number[] | string {
  const parts = text.split(/[\s,;[\]()]+/).filter(Boolean);
  const names = shape.length ? shape.map((side) => `0–${Math.max(0, side - 1)}`).join(', ') : '';
  if (parts.length === 0) return names;
  const index = parts.map(Number);
  const wanted = shape.length;
  // the last two axes are enough: the slice stays
  if (index.length !== wanted && !(index.length === 2 && wanted > 2)) return names;
  const sides = shape.slice(wanted - index.length);
  const within = index.map((at, axis) => (at < 0 ? at + (sides[axis] ?? 0) : at));
  return within.every((at, axis) => Number.isInteger(at) && at >= 0 && at < (sides[axis] ?? 0)) ? within : names;
}
