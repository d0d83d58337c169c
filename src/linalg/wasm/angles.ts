/** Principal angles between two subspaces of one dimension, from the sine form. */
import { leftOverlap, type LeftOverlap } from '../intruders.ts';
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import { shapeOf } from './source.ts';
import { planDense, planSpectrum, Spectrum, type SpectrumPlan } from './spectrum.ts';

/** Sine from which the cosines are computed as singular values of their own; below, sqrt(1 - sine^2) has every digit. */
const COSINE_FROM = 0.5;

/** Working memory of `principalAngles` for bases of `big` rows or fewer; it may lie over what is dead by then. */
export interface AnglePlan {
  /** k x k: U0' U1 */
  overlap: Address;
  /** big x k: U1 - U0 U0' U1 */
  rest: Address;
  sines: (rows: number) => SpectrumPlan;
}
export function planAngles(layout: Layout, kernels: Kernels, big: number, k: number): AnglePlan {
  const overlap = layout.take(k * k * 8);
  const rest = layout.take(big * k * 8);
  const gramOrder = shapeOf({ rows: Math.max(big, k), columns: k });
  const dense = { ...planDense(layout, gramOrder) };
  const plan = planSpectrum(layout, kernels, gramOrder, dense, 0);
  return { overlap, rest, sines: (rows) => ({ ...plan, shape: shapeOf({ rows, columns: k }) }) };
}

/**
 * Sines s((I - A A') B), ascending, and cosines s(A' B), descending, of the k angles between the spans of A and B (rows x k, orthonormal
 * columns, float32 if `single`, else float64). Absolute error about 1e-6 from float32 bases, 2e-8 from float64 ones. `leftOverlap`: of
 * B's leading columns in A, which are left singular vectors; null unless `overlap` asks for it.
 */
export function principalAngles(
  memory: KernelMemory,
  kernels: Kernels,
  plan: AnglePlan,
  bases: { A: Address; B: Address; rows: number; k: number; single: boolean; overlap: boolean },
  checkCancelled: () => void,
): { sines: Float64Array; cosines: Float64Array; leftOverlap: LeftOverlap | null } {
  const { A, B, rows, k, single } = bases;
  const size = single ? 4 : 8;
  const gemm = single ? kernels.sgemm : kernels.dgemm;
  const spectrum = plan.sines(rows);
  gemm(k, k, rows, 1, A, 1, k, B, k, 1, 0, plan.overlap, k, spectrum.work);
  checkCancelled();
  // before the cosines take its place
  const products = single ? memory.f32(plan.overlap, k * k) : memory.f64(plan.overlap, k * k);
  const leading = bases.overlap ? leftOverlap(products, k, k) : null;
  memory.bytes(plan.rest, rows * k * size).set(memory.bytes(B, rows * k * size));
  gemm(rows, k, k, -1, A, k, 1, plan.overlap, k, 1, 1, plan.rest, k, spectrum.work);
  checkCancelled();
  const format = single ? 4 : 8;
  const sines = new Spectrum(memory, kernels, spectrum, plan.rest, format, checkCancelled)
    .computeValues()
    .map((sine) => Math.min(1, sine))
    .reverse();
  const cosines = sines.map((sine) => Math.sqrt((1 - sine) * (1 + sine)));
  if ((sines.at(-1) ?? 0) > COSINE_FROM) {
    const exact = new Spectrum(memory, kernels, plan.sines(k), plan.overlap, format, checkCancelled).computeValues();
    for (let i = 0; i < k; i++) if ((sines[i] ?? 0) > COSINE_FROM) cosines[i] = Math.min(1, exact[i] ?? 0);
  }
  return { sines, cosines, leftOverlap: leading };
}
