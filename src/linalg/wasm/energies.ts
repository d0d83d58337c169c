/** The update in the base's leading subspaces. */
import type { DirectionEnergies, PairQuantities } from '../backend.ts';
import type { Address, KernelMemory, Kernels } from './kernels.ts';
import type { PairPlan } from './pairPlan.ts';
import { productsOf, type Panels } from './products.ts';
import type { Format } from './source.ts';
import { concat } from '../../protocol/lists.ts';

/**
 * Energies that are at least this share of what an isotropic D has there are taken in float32: it leaves about 1e-6 of the length of such a
 * product, in directions of its own, so of an energy of this share no more than 2e-5, and METRICS ask for 1e-4. Of a D that keeps away
 * from these directions there may be less left than float32's error of what cancels: it is taken in float64.
 */
const EVIDENT = 1e-2;
/** Root mean squares of D, as it lies there, within which float32's products neither overflow nor lose digits below its normal numbers. */
const ORDINARY = [2 ** -100, 2 ** 100] as const;

/** What `projections` is about: D times `scale` at `plan.matrix`. */
export interface ProjectionInput {
  format: Format;
  r: number;
  scale: number;
  /** those of D times `scale`, if there are some */
  packed?: Panels | null;
  /** k vectors of the base in `plan.base`, in float32 if `single`; null: the directions end at r */
  leading: { k: number; single: boolean } | null;
}

/**
 * norm_F(U_r' D V_r)^2, norm_F(U_r' D)^2, norm_F(D V_r)^2, u_i' D v_i, and norm(u_i' D)^2, norm(D v_i)^2 of each direction: in float32 if
 * they are evident, else in float64 up to r. The r vectors of the smaller side lie in `leading.X`, those of the larger one in `leading.U`. The reconstruction is dead.
 */
export function projections(
  memory: KernelMemory,
  kernels: Kernels,
  plan: PairPlan,
  { format, r, scale, packed = null, leading: more }: ProjectionInput,
): Pick<PairQuantities, 'energies' | 'diagonal'> & { directions: DirectionEnergies } {
  const { shape, matrix, leading, projected, spectrum } = plan;
  const { q, big, tall, columns } = shape;
  const { P, Q, J } = projected;
  const { work } = spectrum;
  const products = productsOf(kernels, shape, { matrix, format, packed, work });
  // P = D X (D' X if wide) along the larger side, Q = D' U (D U) along the smaller one
  const exactly = (): void => {
    products.times(r, { at: leading.X, rs: r, cs: 1 }, P, r);
    products.turned(r, { at: leading.U, rs: r, cs: 1 }, Q, r);
  };
  const parts = (): { joint: number; small: Float64Array; large: Float64Array } => {
    kernels.dgemm(r, r, big, 1, leading.U, 1, r, P, r, 1, 0, J, r, work);
    return {
      joint: kernels.sumSquares64(J, r * r),
      small: columnSquares(memory.f64(P, big * r), r),
      large: columnSquares(memory.f64(Q, q * r), r),
    };
  };
  const [along, across] = tall ? [columns, 1] : [1, columns];
  /** Null if float32 is not enough. */
  const inSingle = (): ReturnType<typeof parts> | null => {
    const squares = kernels.sumSquares32(matrix, shape.weights);
    const mean = Math.sqrt(squares / shape.weights);
    if (!(mean >= ORDINARY[0] && mean <= ORDINARY[1])) return null;
    // the right sides lie where P will
    const single = P + big * r * 4;
    memory.f32(P, big * r).set(memory.f64(leading.U, big * r));
    kernels.sgemm(q, r, big, 1, matrix, across, along, P, r, 1, 0, Q, r, work);
    memory.f64(Q, q * r).set(memory.f32(Q, q * r).slice());
    memory.f32(P, q * r).set(memory.f64(leading.X, q * r));
    kernels.sgemm(big, r, q, 1, matrix, along, across, P, r, 1, 0, single, r, work);
    memory.f64(P, big * r).set(memory.f32(single, big * r).slice());
    const made = parts();
    const least = EVIDENT * squares * r;
    const isEvident =
      sum(made.small) >= least / q && sum(made.large) >= least / big && made.joint >= (least / q / big) * r;
    return isEvident ? made : null;
  };
  let found = format === 4 ? inSingle() : null;
  if (!found) {
    exactly();
    found = parts();
  }
  const { small, large } = found;
  const square = scale * scale;
  const joint = memory.f64(J, r * r);
  const energies = {
    joint: found.joint / square,
    left: sum(tall ? large : small) / square,
    right: sum(tall ? small : large) / square,
  };
  const diagonal = Float64Array.from({ length: r }, (_, i) => (joint[i * r + i] ?? 0) / scale);

  /** Squares of the columns r..k of D times the vectors at `from` ([depth, k]). */
  const beyond = (side: 'times' | 'turned', from: Address): Float64Array => {
    if (!more || more.k <= r) return new Float64Array(0);
    const { k, single } = more;
    const count = k - r;
    const to = plan.reconstruction;
    const rows = side === 'times' ? big : q;
    if (!single) {
      products[side](count, { at: from + r * 8, rs: k, cs: 1 }, to, count);
      return columnSquares(memory.f64(to, rows * count), count);
    }
    const [rs, cs] = side === 'times' ? [along, across] : [across, along];
    kernels.sgemm(rows, count, big + q - rows, 1, matrix, rs, cs, from + r * 4, k, 1, 0, to, count, work);
    return columnSquares(memory.f32(to, rows * count), count);
  };
  const inSmall = beyond('times', plan.base.X);
  const inLarge = beyond('turned', plan.base.U);
  const most = more?.k ?? r;
  const joined = (first: Float64Array, rest: Float64Array): Float64Array =>
    concat(first.subarray(0, most), rest).map((x) => x / square);
  const [ofSmall, ofLarge] = [joined(small, inSmall), joined(large, inLarge)];
  return {
    energies,
    diagonal,
    directions: tall ? { left: ofLarge, right: ofSmall } : { left: ofSmall, right: ofLarge },
  };
}

/** Sum of squares of each of `columns` columns, row-major. */
function columnSquares(values: Float64Array | Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let row = 0; row < values.length; row += columns)
    for (let j = 0; j < columns; j++) sums[j] = (sums[j] as number) + (values[row + j] as number) ** 2;
  return sums;
}
function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}
