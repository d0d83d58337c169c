/** Rows and columns that hold one value only, found in one pass over a matrix in storage order. */
import { infinityCode, layoutOf, type MatrixType } from '../numbers/index.ts';

/** As many places are kept of each kind as a sentence names; the rest are counted. */
const PLACES_KEPT = 3;

/** Where a line lies: its row or column number, and the matrix of a stack. */
export interface Place {
  matrix: number;
  line: number;
}
export interface Lines {
  count: number;
  first: Place[];
}
export interface DeadLines {
  zeroRows: Lines;
  zeroColumns: Lines;
  /** one value other than 0 */
  constantRows: Lines;
  constantColumns: Lines;
}

/**
 * Takes whole rows in order. Rows end at their first two different values, and a column leaves the list of candidates with its first
 * different value, so an ordinary matrix costs its second row and little more. +0 equals -0. Lines of NaN or infinities are not
 * counted: they are found as such.
 */
export class LineScan {
  readonly found: DeadLines = {
    zeroRows: { count: 0, first: [] },
    zeroColumns: { count: 0, first: [] },
    constantRows: { count: 0, first: [] },
    constantColumns: { count: 0, first: [] },
  };
  private row = 0;
  private matrix = 0;
  /** the first row of the matrix, and the columns that have held its values so far */
  private first: Float64Array = new Float64Array(0);
  private candidates: Uint32Array = new Uint32Array(0);
  private alive = 0;

  /** `rows` a matrix; after them the next matrix of the stack begins. */
  constructor(
    private readonly type: MatrixType,
    private readonly rows: number,
    private readonly columns: number,
  ) {}

  /** Whole rows, in storage codes; F8 kinds as F32. */
  add(data: Uint8Array): void {
    const codes = view(this.type, data);
    for (let start = 0; start + this.columns <= codes.length; start += this.columns) this.addRow(codes, start);
  }

  private addRow(codes: Codes, start: number): void {
    const { columns, type } = this;
    const same = type === 'BF16' || type === 'F16' ? sameCode : sameNumber;
    const value = codes[start] as number;
    let j = 1;
    while (j < columns && same(codes[start + j] as number, value)) j++;
    if (j === columns) this.report('Rows', valueOf(type, value), this.row);
    if (this.row === 0) {
      this.first = Float64Array.from(codes.subarray(start, start + columns));
      this.candidates = Uint32Array.from({ length: columns }, (_, k) => k);
      this.alive = columns;
    } else {
      const { candidates, first } = this;
      let kept = 0;
      for (let k = 0; k < this.alive; k++) {
        const column = candidates[k] as number;
        if (same(codes[start + column] as number, first[column] as number)) candidates[kept++] = column;
      }
      this.alive = kept;
    }
    if (++this.row < this.rows) return;
    for (let k = 0; k < this.alive; k++) {
      const column = this.candidates[k] as number;
      this.report('Columns', valueOf(type, this.first[column] as number), column);
    }
    this.row = 0;
    this.matrix++;
  }

  private report(kind: 'Rows' | 'Columns', value: number, line: number): void {
    if (!Number.isFinite(value)) return;
    const lines = this.found[`${value === 0 ? 'zero' : 'constant'}${kind}`];
    lines.count++;
    if (lines.first.length < PLACES_KEPT) lines.first.push({ matrix: this.matrix, line });
  }
}

type Codes = Uint16Array | Float32Array | Float64Array;
function view(type: MatrixType, data: Uint8Array): Codes {
  const { buffer, byteOffset, length } = data;
  if (type === 'F64') return new Float64Array(buffer, byteOffset, length / 8);
  if (type === 'F32') return new Float32Array(buffer, byteOffset, length / 4);
  return new Uint16Array(buffer, byteOffset, length / 2);
}
/** 16-bit codes: equal, or the two zeros */
const sameCode = (a: number, b: number): boolean => a === b || ((a | b) & 0x7fff) === 0;
const sameNumber = (a: number, b: number): boolean => a === b;
/** Enough of a value to tell zero and not finite from the rest. */
function valueOf(type: MatrixType, code: number): number {
  if (type === 'F32' || type === 'F64') return code;
  const size = code & 0x7fff;
  return size === 0 ? 0 : size >= infinityCode(layoutOf(type)) ? NaN : 1;
}
