/** Where the numbers of two tensors differ, and by how much, as they come chunk by chunk. */
import type { VerifiedTensor, VerifyRequest } from '../protocol/verify.ts';

type Numbers = Float64Array | Float32Array;

export class Differences {
  private differing = 0;
  private beyond = 0;
  private first: VerifiedTensor['first'] = null;
  private largest = 0;
  private codes = false;

  /** `shape`: of the tensor that the chunks are of, row by row. */
  constructor(
    private readonly tolerance: Pick<VerifyRequest, 'relative' | 'absolute'>,
    private readonly shape: readonly number[],
  ) {}

  /** Some bits of the stored codes are not the same. */
  codesDiffer(): void {
    this.codes = true;
  }
  /** Something differs in numbers that cannot be told. */
  opaque(): void {
    this.differing++;
    this.beyond++;
    this.largest = NaN;
  }

  /** `start`: number of the first of them in the tensor. `parts`: numbers an element, two of complex types. */
  add(start: number, a: Numbers, b: Numbers, parts = 1): void {
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i] as number, b[i] as number];
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
      this.note(start + Math.floor(i / parts), x, y, Math.abs(x - y));
    }
  }

  /** Their differences are exact, which those of their float64s are not. */
  addIntegers(start: number, a: BigInt64Array | BigUint64Array, b: BigInt64Array | BigUint64Array): void {
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i] as bigint, b[i] as bigint];
      if (x !== y) this.note(start + i, Number(x), Number(y), Math.abs(Number(x - y)));
    }
  }

  private note(at: number, a: number, b: number, difference: number): void {
    const { relative, absolute } = this.tolerance;
    this.differing++;
    this.first ??= { index: this.indexOf(at), a: finite(a), b: finite(b) };
    // NaN, once there, stays
    this.largest = Math.max(this.largest, difference);
    if (!Number.isFinite(b) || !(difference <= absolute + relative * Math.abs(b))) this.beyond++;
  }

  /** `hasCodes`: both sides are stored in one type, so that equal bits mean something. */
  result(hasCodes: boolean): Pick<VerifiedTensor, 'sameness' | 'differing' | 'first' | 'largest'> {
    const { differing, first } = this;
    const same = differing > 0 ? (this.beyond > 0 ? 'different' : 'tolerance') : null;
    const sameness = same ?? (hasCodes && !this.codes ? 'bits' : 'values');
    return { sameness, differing, first, largest: differing > 0 ? finite(this.largest) : null };
  }

  private indexOf(at: number): number[] {
    const index: number[] = [];
    for (const side of this.shape.toReversed()) {
      index.unshift(at % side);
      at = Math.floor(at / side);
    }
    return index;
  }
}

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
