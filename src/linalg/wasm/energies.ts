/** The update in the base's leading subspaces. */
import type { PairQuantities } from '../backend.ts';
import type { KernelMemory, Kernels } from './kernels.ts';
import type { PairPlan } from './pairPlan.ts';
import type { Format } from './source.ts';

/**
 * norm_F(U_r' D V_r)^2, norm_F(U_r' D)^2, norm_F(D V_r)^2 and u_i' D v_i, in float64. `plan.matrix` holds D times `scale`; the r vectors of the
 * smaller side in `leading.X`, those of the larger one in `leading.U`.
 */
export function projections(
  memory: KernelMemory,
  kernels: Kernels,
  { shape, matrix, leading, projected, spectrum }: PairPlan,
  format: Format,
  r: number,
  scale: number,
): Pick<PairQuantities, 'energies' | 'diagonal'> {
  const { q, big, tall, columns } = shape;
  const gemm = format === 4 ? kernels.fdgemm : kernels.dgemm;
  const { P, Q, J } = projected;
  // P = D X (D' X where wide) along the larger side, Q = D' U (D U) along the smaller one
  const [along, across] = tall ? [columns, 1] : [1, columns];
  gemm(big, r, q, 1, matrix, along, across, leading.X, r, 1, 0, P, r, spectrum.work);
  gemm(q, r, big, 1, matrix, across, along, leading.U, r, 1, 0, Q, r, spectrum.work);
  kernels.dgemm(r, r, big, 1, leading.U, 1, r, P, r, 1, 0, J, r, spectrum.work);
  const square = scale * scale;
  const small = kernels.sumSquares64(P, big * r) / square;
  const large = kernels.sumSquares64(Q, q * r) / square;
  const joint = memory.f64(J, r * r);
  return {
    energies: {
      joint: kernels.sumSquares64(J, r * r) / square,
      left: tall ? large : small,
      right: tall ? small : large,
    },
    diagonal: Float64Array.from({ length: r }, (_, i) => (joint[i * r + i] ?? 0) / scale),
  };
}
