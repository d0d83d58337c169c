/** METRICS.md, "Accuracy that counts as right", as rules: how far a figure may lie from its float64 LAPACK value. */

/** The LAPACK values of one tensor, by id; "base.spectralNorm" is a figure of a side. Both throw if the values hold no such entry. */
export interface Reference {
  number(id: string): number;
  list(id: string): readonly number[];
}
/** The absolute distance that is allowed from `expected`. */
export type Tolerance = (expected: number, reference: Reference) => number;

/** Of s_1, for each singular value. */
export const VALUE_TOLERANCE = 1e-6;
/** Relative: norms, ranks that are sums, energies, shares. */
export const SUM_TOLERANCE = 1e-4;
/** Relative, of nss and spectralShare. */
export const SHIFT_TOLERANCE = 0.01;
/** Relative, and degrees, whichever is larger. */
const ANGLE_TOLERANCE = { relative: 0.01, degrees: 0.002 };
/** Absolute, of the masks' nulls. */
export const NULL_TOLERANCE = 1e-4;
/** Of a mask that is well defined. */
const MASK_HITS = 2;

export const exact: Tolerance = () => 0;
/** A count over the weights: one weight is 1e-9 or more of any tensor under 1e9 weights. */
export const fraction: Tolerance = () => 1e-10;
export const absolute =
  (distance: number): Tolerance =>
  () =>
    distance;
export const relative =
  (part: number): Tolerance =>
  (expected) =>
    part * Math.abs(expected);
/** Inner products and the shares that are made of them: relative 1e-4, or absolute 1e-9 for those near 0. */
export const CLOSE_TOLERANCE: Tolerance = (expected) => Math.max(SUM_TOLERANCE * Math.abs(expected), 1e-9);
/** Relative, of what independent runs would share. */
export const NULL_SHARE = relative(1e-3);
/** Arithmetic on exact numbers. */
export const rounded = relative(1e-12);
export const angle: Tolerance = (expected) => Math.max(ANGLE_TOLERANCE.relative * expected, ANGLE_TOLERANCE.degrees);

/** Weights of the matrix that are not 0 in W0. */
export function weightsOf(reference: Reference): number {
  const { length: rows } = reference.list('rowDensity');
  const { length: columns } = reference.list('columnDensity');
  return rows * columns * (1 - reference.number('zeroShare'));
}
/** Two hits of a mask: of the N changed weights, 2/N of an overlap. */
export function twoHits(reference: Reference): number {
  return MASK_HITS / (reference.number('updateDensity') * weightsOf(reference));
}
