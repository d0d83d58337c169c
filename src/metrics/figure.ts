/**
 * What a figure is. Each is declared once, in a file of `figures/`, and listed in catalog.ts; results, tables, pages, schemas and tests
 * read it from there. Nothing here may import the results' types: they are derived from the catalog.
 */
import type { ChunkChange, PairQuantities } from '../linalg/backend.ts';
import type { MaskFigures } from './alignment.ts';
import type { PowerLawFit } from './powerLaw.ts';
import type { Text } from '../protocol/say.ts';
import type { Tolerance } from './tolerance.ts';
import type { GridSpec } from '../numbers/index.ts';

export type Range = [number, number];
interface Kinds {
  number: number;
  integer: number;
  boolean: boolean;
  /** least and greatest */
  range: Range;
  /** a list of numbers: in the JSON, not in the tables */
  profile: number[];
  /** a value for every step of a run */
  series: (number | null)[];
}
export type Kind = keyof Kinds;
/** How a value is written: a share in percent, a factor as "x 1.5", a rank or a count as a whole number. */
export type Unit = 'share' | 'number' | 'factor' | 'degrees' | 'count' | 'truth';
/**
 * Colours of a map, so the direction of a figure: `log1` both ways from 1, logarithmic, from 1/hi to hi; `div` both ways from 0; `log`
 * and `lin` one way, from lo to hi.
 */
export type Scale =
  | { kind: 'log1'; hi: number; unit?: string }
  | { kind: 'div'; hi: number; unit?: string }
  | { kind: 'log'; lo: number; hi: number; unit?: string }
  | { kind: 'lin'; lo: number; hi: number; unit?: string };

export const MASK_PREFIXES = ['principal', 'low', 'principalNotLow'] as const;
export type MaskPrefix = (typeof MASK_PREFIXES)[number];

/** Where a figure stands in lists, in this order: see groups.ts. */
export type Group =
  'energy' | 'shift' | 'change' | 'update' | MaskPrefix | 'validity' | 'elements' | 'spectrum' | 'agreement' | 'path';

/** Of one tensor's weights: sums over the finite entries, counts over all. */
export interface ElementSource {
  finite: number;
  min: number;
  max: number;
  zeros: number;
  nan: number;
  inf: number;
  subnormal: number;
  mean: number | null;
  variance: number | null;
}
/** Of one matrix. */
export interface SpectrumSource {
  /** all q singular values, descending */
  values: Float64Array;
  rows: number;
  columns: number;
  /** population variance of the entries, null if it leaves float64 */
  variance: number | null;
  /** numerical-rank threshold */
  tolerance: number;
  fit: PowerLawFit | null;
}
/** The counts of all chunks of a pair, added up. */
export type ChangeTotals = Omit<ChunkChange, 'base' | 'tuned'>;
/** Of a pair, elementwise. */
export interface ChangeSource {
  totals: ChangeTotals;
  /** weights */
  count: number;
  /** null if a side is not finite */
  baseNorm: number | null;
  tunedNorm: number | null;
  updateNorm: number | null;
}
/** Of a pair of matrices. */
export interface UpdateSource {
  rows: number;
  columns: number;
  maskRank: number;
  angleRank: number;
  grid: GridSpec;
  /** null if a side is not finite */
  pair: PairQuantities | null;
  /** the same if D is not 0 */
  moved: PairQuantities | null;
  /** norm_F(W0), 0 without `pair`; and norm_F(D), 0 without `moved`: by singular values if all are known */
  baseNorm: number;
  updateNorm: number;
  /** the square of that, which leaves float64 where the norm does not: of a float64 update under 1e-155 it is 0 */
  updateSquared: number;
  /** population variance of the entries of D */
  updateVariance: number | null;
  masks: Record<MaskPrefix, MaskFigures> | null;
}
/** Of a pair of matrices: how many weights of each row, each column changed. */
export interface ProfileSource {
  rows: number;
  columns: number;
  rowChanged: Float64Array;
  columnChanged: Float64Array;
}
/** Of two runs of one base: sums over the weights that are not 0 in W0, of one matrix or of several. */
export interface AgreementSource {
  weights: number;
  /** weights that each changed, that both did, and those of these whose updates have one sign */
  changed: readonly [one: number, other: number];
  shared: number;
  sameSign: number;
  /** sums of P_i P_j, of P_i and of P_j; null if there is no rounding null that both share */
  expected: { both: number; one: number; other: number } | null;
  /** <D_i, D_j> and both norm_F(D)^2, over every weight; null if a side is not finite */
  products: { inner: number; one: number; other: number } | null;
  /** of the leading right singular vectors of both updates; null if one has not so many */
  similarity: Overlap | null;
  /** of two random subspaces */
  chance: Overlap;
}
/** norm_F(V' V)^2 of two sets of K orthonormal vectors, and K; of several matrices the sums. */
export interface Overlap {
  energy: number;
  rank: number;
}
/** Along a run: sums of one matrix or of several. T steps, ascending. */
export interface PathSource {
  /** step of the base */
  start: number;
  steps: readonly number[];
  /** norm_F(W0)^2 */
  baseSquares: number;
  /** <D_s, D_t> at s T + t, and norm_F(W_t - W_{t-1})^2; null if a step is not finite */
  products: { gram: ArrayLike<number>; increments: ArrayLike<number> } | null;
  /** of each step's update with the last one's */
  similarity: readonly (Overlap | null)[];
  chance: Overlap;
  /** sum of the squared correlations of the sampled weights with the step, and how many there are */
  linear: { sum: number; weights: number };
}
interface Sources {
  elements: ElementSource;
  spectrum: SpectrumSource;
  change: ChangeSource;
  update: UpdateSource;
  profile: ProfileSource;
  agreement: AgreementSource;
  path: PathSource;
}
/** `elements` and `spectrum` are of one checkpoint (METRICS.md, A), `agreement` and `path` of several (D), the others of two (B). */
export type Of = keyof Sources;

export interface Definition<O extends Of, Id extends string, K extends Kind, N extends boolean> {
  id: Id;
  kind: K;
  /** may be null: not defined for this tensor */
  nullable: N;
  group: Group;
  unit: Unit;
  /** values that are possible; null: no end on that side, or one that the accuracy of the figure may pass */
  range: readonly [number | null, number | null];
  /** null: a scale is fitted to the values */
  scale: Scale | null;
  /** what it is read against: the id of its null, of its isotropic value, or of the limit that it can't pass */
  beside?: { id: string; as: 'null' | 'isotropic' | 'limit' };
  label: Text;
  /** if there is little room */
  short?: Text;
  /** what it is, and what it does not say */
  sentence: Text;
  tolerance: Tolerance;
  /** the factor over what it stands beside, as a figure of the map */
  factor?: { id: string; label: Text; sentence: Text; scale: Scale };
  /** over a model: weighted by parameters, or not put together; otherwise the mean and the maximum over the block matrices */
  aggregate?: 'weights' | 'none';
  /** of the base, the size of the update or a parameter alone: noise of that size has the same, which is not shown beside it */
  sameForNoise?: true;
  /** of an update: needs every singular value of W0, W1 or D, so that a comparison which ends with the alignment does not have it */
  whole?: true;
  /** head of its column in the tables of the command line, and its name in the assistant's texts; absent: not shown there */
  column?: string;
  /** of a spectrum: what independent noise of that shape and of that Marchenko-Pastur edge (on the scale of s) gives */
  noise?(matrix: { rows: number; columns: number; edge: number | null }): number | null;
  compute(source: Sources[O]): Kinds[K] | (N extends true ? null : never);
}
export type Figure<
  O extends Of = Of,
  Id extends string = string,
  K extends Kind = Kind,
  N extends boolean = boolean,
> = Definition<O, Id, K, N> & { of: O };

const figureOf =
  <O extends Of>(of: O) =>
  <const Id extends string, const K extends Kind, const N extends boolean>(
    definition: Definition<O, Id, K, N>,
  ): Figure<O, Id, K, N> => ({ ...definition, of });
export const elementFigure = figureOf('elements');
export const spectrumFigure = figureOf('spectrum');
export const changeFigure = figureOf('change');
export const updateFigure = figureOf('update');
export const profileFigure = figureOf('profile');
export const agreementFigure = figureOf('agreement');
export const pathFigure = figureOf('path');

/** A figure as the lists go through them, whatever it computes. */
export type AnyFigure = { [O in Of]: Omit<Figure<O>, 'compute'> & { compute(source: never): unknown } }[Of];
type ValueOf<F> = F extends { kind: infer K extends Kind; nullable: infer N extends boolean }
  ? Kinds[K] | (N extends true ? null : never)
  : never;
/** The record of values of a list of figures. */
export type ValuesOf<F extends { id: string }> = { [One in F as One['id']]: ValueOf<One> };

/** Every figure of the list from one source. */
export function evaluate<O extends Of, F extends Figure<O>>(figures: readonly F[], source: Sources[O]): ValuesOf<F> {
  const values: Record<string, unknown> = {};
  for (const figure of figures) values[figure.id] = figure.compute(source);
  return values as ValuesOf<F>;
}
/** null for each: figures that are all nullable, of a tensor that has none. */
export function undefinedValues<F extends { id: string; nullable: true }>(figures: readonly F[]): ValuesOf<F> {
  return Object.fromEntries(figures.map(({ id }) => [id, null])) as ValuesOf<F>;
}
