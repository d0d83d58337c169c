/** Which weights changed: the share of the changed weights inside each mask, beside what rounding alone gives and what is attainable. */
import type { ClassCounts, GridSpec, PairQuantities } from '../linalg/backend.ts';
import type { AlignmentMetrics, MaskPrefix, Range } from '../protocol/results.ts';
import { gaussianNull, hitsDeviation, nullSums, stepNull, type ChangeProbability } from './nulls.ts';
import { cellGaps } from './rounding.ts';

const PREFIXES: readonly MaskPrefix[] = ['principal', 'low', 'principalNotLow'];

/** All fields null: no update, a zero base, or values that are not finite. */
export function emptyAlignment(): AlignmentMetrics {
  return Object.assign({}, ...PREFIXES.map((prefix) => maskFields(prefix, null))) as AlignmentMetrics;
}

/**
 * The three masks' fields (PNT 4.2). Weights that are 0 in W0 are left out: the histograms do not hold them. `hasNull` false (BF16
 * against F16): overlap and range only. d = 1: the null is the mask's own fraction, z and positions are null.
 */
export function alignmentMetrics(
  masks: NonNullable<PairQuantities['masks']>,
  grid: GridSpec,
  hasNull: boolean,
): AlignmentMetrics {
  const weights = sum(masks.all.total);
  const changed = sum(masks.all.changed);
  if (changed === 0) return emptyAlignment();
  const density = changed / weights;
  const gaps = cellGaps(grid);
  const nulls = hasNull
    ? { gaussian: gaussianNull(masks.all.total, gaps, density), step: stepNull(masks.all.total, gaps, density) }
    : null;
  const fields = PREFIXES.map((prefix) =>
    maskFields(prefix, maskFigures(masks[prefix], masks.all, weights, changed, nulls)),
  );
  return Object.assign({}, ...fields) as AlignmentMetrics;
}

interface MaskFigures {
  overlap: number;
  range: Range;
  null: number | null;
  nullStep: number | null;
  lift: number | null;
  z: number | null;
  position: number | null;
  positionStep: number | null;
}

function maskFields(prefix: MaskPrefix, figures: MaskFigures | null): Record<string, number | Range | null> {
  return {
    [`${prefix}Overlap`]: figures?.overlap ?? null,
    [`${prefix}Null`]: figures?.null ?? null,
    [`${prefix}NullStep`]: figures?.nullStep ?? null,
    [`${prefix}Lift`]: figures?.lift ?? null,
    [`${prefix}Z`]: figures?.z ?? null,
    [`${prefix}Position`]: figures?.position ?? null,
    [`${prefix}PositionStep`]: figures?.positionStep ?? null,
    [`${prefix}Range`]: figures?.range ?? null,
  };
}

function maskFigures(
  mask: ClassCounts,
  all: ClassCounts,
  weights: number,
  changed: number,
  nulls: { gaussian: ChangeProbability; step: ChangeProbability } | null,
): MaskFigures {
  const hits = sum(mask.changed);
  const overlap = hits / changed;
  const range = attainableRange(sum(mask.total), changed, weights);
  if (!nulls)
    return { overlap, range, null: null, nullStep: null, lift: null, z: null, position: null, positionStep: null };
  const inside = nullSums(mask.total, nulls.gaussian);
  const whole = nullSums(all.total, nulls.gaussian);
  const expected = inside.mean / whole.mean;
  const expectedStep = nullSums(mask.total, nulls.step).mean / nullSums(all.total, nulls.step).mean;
  const deviation = changed === weights ? null : hitsDeviation(inside.variance, whole.variance - inside.variance);
  return {
    overlap,
    range,
    null: expected,
    nullStep: expectedStep,
    lift: expected > 0 ? overlap / expected : null,
    z: deviation === null ? null : (hits - changed * expected) / deviation,
    position: positionInRange(overlap, expected, range),
    positionStep: positionInRange(overlap, expectedStep, range),
  };
}

/**
 * Least and greatest share of the changed weights that a mask of `size` weights can hold: with d = changed / weights and
 * a = size / weights, [max(0, (a + d - 1) / d), min(1, a / d)]. From the counts, so that an overlap never lies outside by rounding.
 */
export function attainableRange(size: number, changed: number, weights: number): Range {
  return [Math.max(0, (size + changed - weights) / changed), Math.min(1, size / changed)];
}

/** Rounding of the sums behind a null and its range: a span below this is none. */
const NO_SPAN = 1e-12;

/**
 * Where the overlap lies between its null (0) and the end of the range on its side (1 above, -1 below). Null where the range leaves no
 * room on that side.
 */
export function positionInRange(overlap: number, expected: number, [min, max]: Range): number | null {
  if (max - min < NO_SPAN) return null;
  const span = overlap >= expected ? max - expected : expected - min;
  return span < NO_SPAN ? null : (overlap - expected) / span;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
