/** Where everything about one pair lies in a thread's memory. */
import { OffaxisError } from '../../protocol/errors.ts';
import { planAngles, type AnglePlan } from './angles.ts';
import { planExact, type ExactPlan } from './exact.ts';
import { Layout, type Address, type Kernels } from './kernels.ts';
import { planCounts, type CountPlan } from './masks.ts';
import { planSelection } from './select.ts';
import { shapeOf, type Format, type Shape } from './source.ts';
import { planDense, planSpectrum, type SpectrumPlan } from './spectrum.ts';

export interface PairPlan {
  shape: Shape;
  /** W0, W1 or D */
  matrix: Address;
  spectrum: SpectrumPlan;
  /** rows x columns, float64: the reconstruction of W0 */
  reconstruction: Address;
  angles: AnglePlan;
  exact: ExactPlan;
  /** k leading vectors, [q, k] and [big, k] */
  base: { X: Address; U: Address };
  tuned: { X: Address; U: Address };
  /** K leading vectors of the update in float64 */
  update: { X: Address; U: Address };
  /** r leading vectors of the base in float64, and W x beside its unit vectors */
  leading: { X: Address; Y: Address; U: Address };
  /** [big, r], [q, r], [r, r], float64 */
  projected: { P: Address; Q: Address; J: Address };
  mask: Address;
  selection: Address;
  counts: CountPlan;
  end: number;
}

export interface PairSizes {
  angleRank: number;
  maskRank: number;
  updateRank?: number | undefined;
  cells: number;
}

/** Lays one pair out. `format` is that of both sides; D is float32 but for float64 sides. `extra` lies over the reconstruction. */
export function planPair(
  kernels: Kernels,
  rows: number,
  columns: number,
  format: Format,
  { angleRank: k, maskRank: r, updateRank = 0, cells }: PairSizes,
  extra: (layout: Layout, shape: Shape) => void = () => undefined,
): PairPlan {
  const layout = new Layout();
  const shape = shapeOf({ rows, columns });
  const { q, big, weights } = shape;
  const take = (values: number): Address => layout.take(values * 8);
  const matrix = layout.take(weights * updateFormat(format));
  let dense: ReturnType<typeof planDense> | null = null;
  let angles: AnglePlan | null = null;
  let exact: ExactPlan | null = null;
  let reconstruction = 0;
  layout.either(
    () => void (dense = planDense(layout, shape)),
    () => void (reconstruction = take(weights)),
    () => void (exact = planExact(layout, kernels, shape)),
    () => void (angles = planAngles(layout, kernels, big, k)),
    () => extra(layout, shape),
  );
  if (!dense || !angles || !exact) throw new OffaxisError('bug', 'A pair was laid out without its parts.');
  return {
    shape,
    matrix,
    spectrum: planSpectrum(layout, kernels, shape, dense, Math.max(k, r, updateRank)),
    reconstruction,
    angles,
    exact,
    base: { X: take(q * k), U: take(big * k) },
    tuned: { X: take(q * k), U: take(big * k) },
    update: { X: take(q * updateRank), U: take(big * updateRank) },
    leading: { X: take(q * r), Y: take(big * r), U: take(big * r) },
    projected: { P: take(big * r), Q: take(q * r), J: take(r * r) },
    mask: layout.take(weights),
    selection: planSelection(layout),
    counts: planCounts(layout, cells),
    end: layout.end,
  };
}
export function updateFormat(format: Format): Format {
  return format === 8 ? 8 : 4;
}
