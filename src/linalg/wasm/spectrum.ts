/**
 * Singular values and leading singular vectors of one matrix: float64 Gram matrix of the smaller side, Householder reduction to a
 * band, tridiagonal, eigenvalues; banded inverse iteration, back-transform, and W v / s for the other side. Small matrices go through
 * one-sided Jacobi instead, which keeps the relative accuracy that squaring loses.
 *
 * Errors: values min(eps s_1^2 / (2 s_i), 2e-8 s_1); vectors from float32 are orthonormal to 1e-6, from float64 to 1e-12 or so.
 */
import { bandEigenvalues, bandEigenvectors, type BandPlan } from './band.ts';
import type { Layout } from './kernels.ts';
import { type Address, type KernelMemory, type Kernels } from './kernels.ts';
import type { Format, Shape } from './source.ts';
import { greatest } from '../../protocol/lists.ts';

/** Band width: 16 favours the tail and the inverse iteration (cost ~ b^2 a vector), 32 the dense reduction. */
const BAND = 16;
/** float32 serves for vectors if s_k is at least this share of the rms value. */
const SINGLE_FLOOR = 0.05;
/** Outside these bounds of s_1 products in float32 could leave its range. */
const SINGLE_RANGE = [1e-18, 1e18] as const;
/** q^2 * max(m, n) up to which Jacobi is used: tens of milliseconds. */
const JACOBI_COST = 3e6;
const JACOBI_SWEEPS = 40;

/** Rows of float64 values with room for edge tiles; bytes that are a multiple of 4096 would alias in the first-level cache. */
function leadingDimension(n: number): number {
  const ld = (n + 12 + 7) & ~7;
  return (ld * 8) % 4096 === 0 ? ld + 8 : ld;
}
function usesJacobi({ q, big }: { q: number; big: number }): boolean {
  return q * q * big <= JACOBI_COST;
}

/** Where a matrix's values and vectors are worked out. `dense` (A, VT or rows, turns) is dead once the vectors are made. */
export interface SpectrumPlan {
  shape: Shape;
  jacobi: boolean;
  ld: number;
  lds: number;
  A: Address;
  VT: Address;
  S: Address;
  S2: Address;
  tau: Address;
  d: Address;
  e: Address;
  lam: Address;
  residuals: Address;
  factors: Address;
  XT: Address;
  work: Address;
}
/** The dense part: to be laid out in a region that later steps may use again. */
export function planDense(layout: Layout, shape: Shape): Pick<SpectrumPlan, 'A' | 'VT' | 'ld' | 'jacobi'> {
  const { q, big } = shape;
  if (usesJacobi(shape)) {
    const ld = big + (big & 1);
    return { A: layout.take(q * ld * 8), VT: layout.take(q * (q + 1) * 8), ld, jacobi: true };
  }
  const ld = leadingDimension(q);
  return { A: layout.take((q + 8) * ld * 8), VT: layout.take((q + 1) * ld * 8), ld, jacobi: false };
}
/** The rest, for up to `vectors` leading vectors. */
export function planSpectrum(
  layout: Layout,
  kernels: Kernels,
  shape: Shape,
  dense: ReturnType<typeof planDense>,
  vectors: number,
): SpectrumPlan {
  const { q } = shape;
  const lds = BAND + 4;
  const take = (values: number): Address => layout.take(values * 8);
  const scratch = [
    kernels.workBytes(),
    ...(dense.jacobi ? [] : [kernels.bandReduceBytes(q, BAND)]),
    ...(vectors && !dense.jacobi
      ? [
          kernels.bandVectorsBytes(q, BAND),
          kernels.bandVectorsFastBytes(q, BAND),
          kernels.backTransformBytes(q, vectors),
        ]
      : []),
  ];
  return {
    shape,
    ...dense,
    lds,
    S: take(q * lds),
    S2: take(q * lds),
    tau: take(q),
    d: take(q),
    e: take(q),
    lam: take(q),
    residuals: take(vectors),
    factors: take(vectors),
    XT: take(dense.jacobi ? 0 : vectors * dense.ld),
    work: layout.take(greatest(scratch)),
  };
}

export class Spectrum {
  /** descending, q values */
  values = new Float64Array(0);
  /** Jacobi: row of A for each value */
  private order: number[] = [];

  /** `W`: row-major values in `format`; only read. `checkCancelled` throws `cancelled`. */
  constructor(
    private readonly memory: KernelMemory,
    private readonly kernels: Kernels,
    private readonly plan: SpectrumPlan,
    private readonly W: Address,
    private readonly format: Format,
    private readonly checkCancelled: () => void,
  ) {}

  computeValues(): Float64Array {
    if (this.plan.jacobi) this.jacobi();
    else {
      this.gram();
      this.reduce();
      this.eigenvalues();
    }
    return this.values;
  }

  private jacobi(): void {
    const { kernels, memory, plan } = this;
    const { A, VT, ld, shape } = plan;
    const { q, big, tall, columns } = shape;
    kernels.toRows(this.format, this.W, big, q, tall ? columns : 1, tall ? 1 : columns, A, ld);
    const turns = memory.f64(VT, q * q).fill(0);
    for (let i = 0; i < q; i++) turns[i * (q + 1)] = 1;
    for (let sweep = 0; sweep < JACOBI_SWEEPS && kernels.jacobiSweep(A, q, big, ld, VT, q) > 0; sweep++)
      this.checkCancelled();
    const norms = Float64Array.from({ length: q }, (_, i) => Math.sqrt(kernels.sumSquares64(A + i * ld * 8, big)));
    this.order = [...norms.keys()].sort((a, b) => (norms[b] ?? 0) - (norms[a] ?? 0));
    this.values = Float64Array.from(this.order, (i) => norms[i] ?? 0);
  }

  /** Element (k, i) of the matrix, k along the larger side, lies at W + (k * sk + i * si). */
  private get strides(): [number, number] {
    const { tall, columns } = this.plan.shape;
    return tall ? [columns, 1] : [1, columns];
  }

  private gram(): void {
    const { kernels, plan, format } = this;
    const { q, big } = plan.shape;
    const run = format === 2 ? kernels.gram16 : format === 4 ? kernels.gram32 : kernels.gram64;
    const [sk, si] = this.strides;
    const width = kernels.gramColumns();
    for (let j = 0; j < q; j += width) run(this.W, q, sk, si, plan.A, plan.ld, j, big, plan.work);
  }

  private reduce(): void {
    const { kernels, plan } = this;
    const { A, ld, VT, tau, S, lds, work, shape } = plan;
    kernels.bandReduce(A, ld, shape.q, BAND, VT, ld, tau, S, lds, work);
  }

  private eigenvalues(): void {
    const eigenvalues = bandEigenvalues(this.memory, this.kernels, this.band, this.checkCancelled);
    this.values = eigenvalues.map((x) => Math.sqrt(Math.max(x, 0)));
  }

  /** Whether the k leading vectors may be made in float32. */
  singleSuffices(k: number): boolean {
    const { values } = this;
    const [low, high] = SINGLE_RANGE;
    const largest = values[0] ?? 0;
    if (this.plan.jacobi || this.format === 8 || !(largest > low && largest < high)) return false;
    const rms = Math.sqrt(values.reduce((sum, s) => sum + s * s, 0) / values.length);
    return (values[k - 1] ?? 0) >= SINGLE_FLOOR * rms;
  }

  /** Band eigenvectors of the `count` largest eigenvalues, the first step of all vectors. Needs s_1 > 0. */
  iterate(count: number): void {
    if (this.plan.jacobi) return;
    bandEigenvectors(this.memory, this.kernels, this.band, count, this.checkCancelled);
  }
  private get band(): BandPlan {
    const { plan } = this;
    return { ...plan, n: plan.shape.q, b: BAND, ldx: plan.ld };
  }

  /**
   * Columns from..to-1 of X (q x ldx) and U (max(m, n) x ldx): vectors of the smaller side, and W x (W' x if wide) over s. `scale`
   * false leaves W x as it is. In float32 or float64. Needs iterate(>= to).
   */
  vectors(X: Address, U: Address, ldx: number, from: number, to: number, single: boolean, scale: boolean): void {
    const count = to - from;
    if (count <= 0) return;
    if (this.plan.jacobi) this.jacobiVectors(X, U, ldx, from, to, scale);
    else {
      const size = single ? 4 : 8;
      const at = X + from * size;
      const { kernels, plan } = this;
      const { XT, ld, VT, tau, work, shape } = plan;
      (single ? kernels.turn32 : kernels.turn64)(XT + from * ld * 8, ld, shape.q, count, at, ldx);
      const back = single ? kernels.backTransform32 : kernels.backTransform64;
      back(VT, ld, shape.q, BAND, tau, at, ldx, count, work);
      this.otherSide(at, U + from * size, ldx, count, single);
      if (scale) this.divide(U + from * size, ldx, from, to, single);
    }
  }

  private otherSide(X: Address, U: Address, ldx: number, count: number, single: boolean): void {
    const { kernels, plan, format } = this;
    const { q, big } = plan.shape;
    const [rs, cs] = this.strides;
    const gemm = single
      ? format === 2
        ? kernels.bsgemm
        : kernels.sgemm
      : format === 2
        ? kernels.bdgemm
        : format === 4
          ? kernels.fdgemm
          : kernels.dgemm;
    gemm(big, count, q, 1, this.W, rs, cs, X, ldx, 1, 0, U, ldx, plan.work);
  }

  private divide(U: Address, ldx: number, from: number, to: number, single: boolean): void {
    const { kernels, memory, plan } = this;
    memory.f64(plan.factors, to - from).set(this.values.subarray(from, to).map((s) => (s > 0 ? 1 / s : 0)));
    if (single) kernels.scale32(U, ldx, plan.shape.big, to - from, plan.factors);
    else kernels.scale64(U, ldx, plan.shape.big, to - from, plan.factors, U, ldx);
  }

  private jacobiVectors(X: Address, U: Address, ldx: number, from: number, to: number, scale: boolean): void {
    const { memory, plan } = this;
    const { A, VT, ld, shape } = plan;
    const x = memory.f64(X, shape.q * ldx);
    const u = memory.f64(U, shape.big * ldx);
    for (let i = from; i < to; i++) {
      const row = this.order[i] ?? 0;
      const turn = memory.f64(VT + row * shape.q * 8, shape.q);
      const side = memory.f64(A + row * ld * 8, shape.big);
      const factor = scale ? ((this.values[i] ?? 0) > 0 ? 1 / (this.values[i] ?? 1) : 0) : 1;
      for (let j = 0; j < shape.q; j++) x[j * ldx + i] = turn[j] ?? 0;
      for (let j = 0; j < shape.big; j++) u[j * ldx + i] = (side[j] ?? 0) * factor;
    }
  }
}
