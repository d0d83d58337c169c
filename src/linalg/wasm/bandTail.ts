/** Singular values and leading vectors of an upper band matrix that a device has reduced a matrix to: B'B in float64. */
import type { BandFactors, UpperBand } from '../backend.ts';
import { bandEigenvalues, bandEigenvectors } from './band.ts';
import { Layout, type KernelMemory, type Kernels } from './kernels.ts';

/** Values under this share of the largest have no left vector: B v is rounding alone. */
const NEGLIGIBLE = 1e-12;

/** Room for one band, and for `vectors` vectors. */
export function bandTailBytes(kernels: Kernels, order: number, width: number, vectors: number): number {
  return plan(kernels, order, width, vectors).end;
}
function plan(kernels: Kernels, n: number, b: number, vectors: number) {
  const layout = new Layout();
  const take = (values: number): number => layout.take(values * 8);
  // the fast iteration reads rows of whole vectors
  const lds = b + 4;
  const ldx = n + 4;
  const scratch = vectors ? Math.max(kernels.bandVectorsBytes(n, b), kernels.bandVectorsFastBytes(n, b)) : 8;
  return {
    ...{ n, b, lds, ldx },
    S: take(n * lds + 8),
    S2: take(n * lds + 8),
    d: take(n),
    e: take(n),
    lam: take(n),
    residuals: take(vectors),
    XT: take(vectors * ldx),
    work: layout.take(scratch),
    end: layout.end,
  };
}

/** Values to min(eps s_1^2 / (2 s_i), 2e-8 s_1). Throws cancelled. */
export function bandFactors(
  memory: KernelMemory,
  { order: n, width: b, data }: UpperBand,
  vectors: number,
  checkCancelled: () => void,
): BandFactors {
  const at = plan(memory.reserve(0), n, b, vectors);
  const kernels = memory.reserve(at.end);
  gram(data, n, b, memory.f64(at.S, n * at.lds), at.lds);
  checkCancelled();
  const eigenvalues = bandEigenvalues(memory, kernels, at, checkCancelled);
  const values = eigenvalues.map((x) => Math.sqrt(Math.max(x, 0)));
  const left = new Float32Array(n * vectors);
  const right = new Float32Array(n * vectors);
  if (!vectors || !((eigenvalues[0] ?? 0) > 0)) return { values, left, right };
  bandEigenvectors(memory, kernels, at, vectors, checkCancelled);
  for (let i = 0; i < vectors; i++) {
    const vector = memory.f64(at.XT + i * at.ldx * 8, n);
    const s = values[i] ?? 0;
    const inverse = s > NEGLIGIBLE * (values[0] ?? 0) ? 1 / s : 0;
    for (let row = 0; row < n; row++) {
      let sum = 0;
      const last = Math.min(b, n - 1 - row);
      for (let d = 0, entry = row * (b + 1); d <= last; d++, entry++)
        sum += (data[entry] as number) * (vector[row + d] as number);
      left[row * vectors + i] = sum * inverse;
      right[row * vectors + i] = vector[row] as number;
    }
    if (i % 32 === 0) checkCancelled();
  }
  return { values, left, right };
}

/** B'B, lower band: S(j + d, j) = sum over i of B(i, j) B(i, j + d). */
function gram(data: UpperBand['data'], n: number, b: number, S: Float64Array, lds: number): void {
  S.fill(0);
  for (let i = 0; i < n; i++) {
    const last = Math.min(b, n - 1 - i);
    const row = i * (b + 1);
    for (let p = 0; p <= last; p++) {
      const x = data[row + p] as number;
      if (x === 0) continue;
      const column = (i + p) * lds - p;
      for (let q = p; q <= last; q++) S[column + q] = (S[column + q] as number) + x * (data[row + q] as number);
    }
  }
}
