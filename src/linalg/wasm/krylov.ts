/**
 * The leading right singular vectors of a matrix to float32's accuracy, from block Lanczos on W'W with full reorthogonalisation (Golub and
 * Underwood 1977): 4 m n flops a vector of the basis, and a basis of a few hundred suffices if the spectrum falls. "Right" means of
 * the smaller side: W is big x q here.
 */
import { bandEigenvalues, bandEigenvectors, type BandPlan } from './band.ts';
import { cholesky, inverseOf } from './cholesky.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import type { Panels } from './products.ts';
import type { Format, Shape } from './source.ts';

/**
 * A column that keeps less than this share of what the projection took is projected once more (Daniel, Gragg, Kaufman and Stewart 1976): by
 * the ratio of both, block after block, grows what the basis has lost of its right angles. Of a wide W, whose values lie close to each other,
 * a column keeps a sixth of the square, and a basis that is let go on with that has lost all of them after thirty blocks.
 */
const KEPT = 1;
/** Most of these. Once the basis spans all of W's directions, what is left of a column is noise, most of which lies in the basis again. */
const PASSES = 4;
/** Pivots under this share of their column: the block has lost a direction, as if W has few of them. Another one takes its place. */
const DEPENDENT = 1e-10;
/** Pivots under which a block is made orthonormal once more. */
const SKEWED = 1e-4;
/** Weights packed between two looks at the cancel flag. */
const PACKED = 1 << 24;

export interface KrylovPlan {
  shape: Shape;
  /** columns of a block */
  block: number;
  /** most vectors of the basis, a multiple of `block` */
  most: number;
  /** W packed in float32 */
  panels: Address;
  /** [q, block], float32, twice: the block that the basis is widened by, and W'W times it */
  Z: Address;
  product: Address;
  /** [most, q], float32: the basis */
  basis: Address;
  /** [most, block], float32 */
  parts: Address;
  /** [q, block] float64, twice, and the Gram matrix of a block */
  wide: Address;
  next: Address;
  small: Address;
  /** the basis' matrix and its Ritz vectors */
  band: Omit<BandPlan, 'n'>;
  /** [q, count], float64 */
  vectors: Address;
}
/** For up to `count` Ritz vectors. */
export function planKrylov(
  layout: Layout,
  kernels: Kernels,
  shape: Shape,
  { most, count }: { most: number; count: number },
): KrylovPlan {
  const { q, big } = shape;
  const block = kernels.gramProductColumns();
  const [lds, ldx] = [block + 4, most + 4];
  const single = (values: number): Address => layout.take(values * 4);
  const double = (values: number): Address => layout.take(values * 8);
  const work = Math.max(
    kernels.workBytes(),
    kernels.gramProductBytes(q),
    kernels.bandVectorsBytes(most, block),
    kernels.bandVectorsFastBytes(most, block),
  );
  return {
    ...{ shape, block, most },
    panels: single(kernels.panelRows(big) * q),
    Z: single(q * block),
    product: single(q * block),
    basis: single(most * q),
    parts: single(most * block),
    wide: double(q * block),
    next: double(q * block),
    small: double(block * block),
    band: {
      ...{ b: block, lds, ldx },
      S: double(most * lds + 8),
      S2: double(most * lds + 8),
      d: double(most),
      e: double(most),
      lam: double(most),
      residuals: double(count),
      XT: double(count * ldx),
      work: layout.take(work),
    },
    vectors: double(q * count),
  };
}

/** Ritz pairs: values of W'W as it is packed, descending, and norm(W'W x - value x) of the first ones. */
export interface RitzPairs {
  values: Float64Array;
  residuals: Float64Array;
}

export class Krylov {
  /** vectors of the basis that W'W has been applied to */
  order = 0;
  /** what the last block leaves, [block, block]: W'W Q = Q T + next * rest */
  private rest: Float64Array = new Float64Array(0);
  private readonly tridiagonal: Float64Array<ArrayBuffer>;
  private exhausted = false;
  /** the matrix as it is packed here; it stays when the vectors are found */
  readonly packed: Panels;
  private readonly random = generator();
  /** squared lengths of the block's columns before they were made orthonormal */
  private kept = new Float64Array(0);

  /**
   * `matrix`: W in `format`, as strides of the shape say; it is packed times `scale`, which brings its greatest weight near 1. W is not 0.
   * Throws cancelled.
   */
  constructor(
    private readonly memory: KernelMemory,
    private readonly kernels: Kernels,
    private readonly plan: KrylovPlan,
    { matrix, format, scale }: { matrix: Address; format: Format; scale: number },
    private readonly checkCancelled: () => void,
  ) {
    const { shape, block, most, band, panels } = plan;
    const { q, big, tall, columns } = shape;
    this.packed = { panels, scale };
    this.tridiagonal = new Float64Array(most * band.lds);
    const [rs, cs] = tall ? [columns, 1] : [1, columns];
    const step = kernels.panelRows(Math.max(1, Math.floor(PACKED / q)));
    for (let first = 0; first < big; first += step) {
      kernels.packPanels(format, matrix, big, q, rs, cs, first, Math.min(big, first + step), scale, panels);
      checkCancelled();
    }
    const start = memory.f32(plan.Z, q * block);
    for (let i = 0; i < start.length; i++) start[i] = this.random();
    this.exhausted = this.orthonormalise()?.isWhole !== true;
    this.keep(0);
  }

  /** Widens the basis by so many blocks. False if it can't be widened by all of them. Throws cancelled. */
  widen(blocks: number): boolean {
    for (let i = 0; i < blocks; i++) if (!this.grow()) return false;
    return true;
  }
  /** Widens the basis by one block. False if nothing is left to widen it by, or there is no room. Throws cancelled. */
  private grow(): boolean {
    const { memory, kernels, plan, checkCancelled } = this;
    const { shape, block, most, panels, Z, product, band, parts } = plan;
    const { q, big } = shape;
    if (this.exhausted || this.order + block > most) return false;
    kernels.gramProduct(panels, big, q, Z, product, 0, band.work);
    memory.f32(Z, q * block).set(memory.f32(product, q * block));
    checkCancelled();
    const first = this.order;
    this.order += block;
    this.project();
    const own = memory.f32(parts + first * block * 4, block * block);
    for (let k = 0; k < block; k++)
      for (let i = k; i < block; i++)
        this.tridiagonal[(first + k) * band.lds + i - k] =
          ((own[i * block + k] as number) + (own[k * block + i] as number)) / 2;
    let found = this.orthonormalise();
    let rest = found && found.R;
    for (let pass = 0; found && rest && pass < PASSES && !(found.isWhole && this.keptEnough()); pass++) {
      this.project();
      found = this.orthonormalise();
      rest = found && multiplied(found.R, rest, block);
    }
    if (!found?.isWhole || !this.keptEnough()) rest = null;
    this.exhausted = rest === null || this.order + block > most;
    this.rest = rest ?? new Float64Array(block * block);
    for (let k = 0; k < block; k++)
      for (let i = 0; i <= k; i++)
        this.tridiagonal[(first + k) * band.lds + block + i - k] = this.rest[i * block + k] as number;
    if (!this.exhausted) this.keep(this.order);
    return true;
  }

  /** `count` of them. Throws cancelled. */
  ritz(count: number): RitzPairs {
    const { memory, kernels, plan, order, rest, checkCancelled } = this;
    const { band, block } = plan;
    const { S, lds, ldx, XT } = band;
    const matrix = memory.f64(S, order * lds + 8).fill(0);
    matrix.set(this.tridiagonal.subarray(0, order * lds));
    // nothing beyond the last row
    for (let j = Math.max(0, order - block); j < order; j++) matrix.fill(0, j * lds + order - j, (j + 1) * lds);
    const values = bandEigenvalues(memory, kernels, { ...band, n: order }, checkCancelled);
    bandEigenvectors(memory, kernels, { ...band, n: order }, count, checkCancelled);
    const residuals = Float64Array.from({ length: count }, (_, i) => {
      const last = memory.f64(XT + (i * ldx + order - block) * 8, block);
      let squares = 0;
      for (let row = 0; row < block; row++) {
        let sum = 0;
        for (let k = row; k < block; k++) sum += (rest[row * block + k] as number) * (last[k] as number);
        squares += sum * sum;
      }
      return Math.sqrt(squares);
    });
    return { values, residuals };
  }

  /** The Ritz vectors that `ritz(count)` was about, [q, count] row-major. */
  vectors(count: number): Float64Array {
    const { memory, kernels, plan, order } = this;
    const { shape, basis, band, vectors } = plan;
    const { q } = shape;
    kernels.fdgemm(q, count, order, 1, basis, 1, q, band.XT, 1, band.ldx, 0, vectors, count, band.work);
    this.checkCancelled();
    return memory.f64(vectors, q * count).slice();
  }

  /** Whether the last projection took less of each column than it left: what it took is wrong by float32's error of it. */
  private keptEnough(): boolean {
    const taken = squaresOf(this.memory.f32(this.plan.parts, this.order * this.plan.block), this.plan.block);
    return taken.every((square, k) => (this.kept[k] as number) >= KEPT ** 2 * square);
  }
  /** The block as rows of the basis. */
  private keep(at: number): void {
    const { memory, plan } = this;
    const { q } = plan.shape;
    const { block } = plan;
    const from = memory.f32(plan.Z, q * block);
    for (let k = 0; k < block; k++) {
      const row = memory.f32(plan.basis + (at + k) * q * 4, q);
      for (let j = 0; j < q; j++) row[j] = from[j * block + k] as number;
    }
  }
  /** Takes the basis out of the block; what it took lies at `parts`. */
  private project(): void {
    const { kernels, plan, order } = this;
    const { block, basis, Z, parts, band } = plan;
    const { q } = plan.shape;
    kernels.sgemm(order, block, q, 1, basis, q, 1, Z, block, 1, 0, parts, block, band.work);
    kernels.sgemm(q, block, order, -1, basis, 1, q, parts, block, 1, 1, Z, block, band.work);
    this.checkCancelled();
  }
  /**
   * Z = Q R by Cholesky of its Gram matrix in float64, twice if it is skewed: Q takes its place. Not whole: it has lost directions, R's rows
   * of them are 0, and whatever stands for them in Q is to be made orthonormal yet. Null if it stays skewed.
   */
  private orthonormalise(): { R: Float64Array; isWhole: boolean } | null {
    const { memory, kernels, plan, random } = this;
    const { block, wide, next, small, band } = plan;
    const { q } = plan.shape;
    const values = memory.f32(plan.Z, q * block);
    memory.f64(wide, q * block).set(values);
    let whole: Float64Array | null = null;
    for (let at = wide, to = next, pass = 0; pass < 3; pass++) {
      kernels.dgemm(block, block, q, 1, at, 1, block, at, block, 1, 0, small, block, band.work);
      const gram = memory.f64(small, block * block).slice();
      if (pass === 0) this.kept = Float64Array.from({ length: block }, (_, k) => gram[k * (block + 1)] as number);
      const factor = cholesky(gram, block, DEPENDENT);
      whole = whole ? multiplied(factor.R, whole, block) : factor.R;
      memory.f64(small, block * block).set(inverseOf(factor.R, block));
      kernels.dgemm(q, block, block, 1, at, block, 1, small, block, 1, 0, to, block, band.work);
      [at, to] = [to, at];
      const isWhole = factor.lost.length === 0;
      if (!isWhole || factor.least > SKEWED) {
        values.set(memory.f64(at, q * block));
        for (const k of factor.lost) for (let j = 0; j < q; j++) values[j * block + k] = random();
        return { R: whole, isWhole };
      }
    }
    return null;
  }
}

/** Squared lengths of the columns of a row-major matrix. */
function squaresOf(values: Float32Array, columns: number): Float64Array {
  const squares = new Float64Array(columns);
  for (let i = 0; i < values.length; i += columns)
    for (let k = 0; k < columns; k++) squares[k] = (squares[k] as number) + (values[i + k] as number) ** 2;
  return squares;
}

/** A B of two square matrices of order n. */
function multiplied(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++)
      for (let j = 0; j < n; j++)
        result[i * n + j] = (result[i * n + j] as number) + (a[i * n + k] as number) * (b[k * n + j] as number);
  return result;
}

/** Numbers about 0 that no matrix has among its structure: the same in every run. */
function generator(): () => number {
  let state = 0x9e3779b9;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => uniform() + uniform() + uniform() - 1.5;
}
