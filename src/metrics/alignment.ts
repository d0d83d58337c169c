/** Which weights changed: the share of the changed weights inside each mask, beside what rounding alone gives and what is attainable. */
import type { ClassCounts, PairQuantities } from '../linalg/backend.ts';
import type { MaskPrefix, Range } from './figure.ts';
import { gaussianNull, hitsDeviation, nullSums, stepNull, type ChangeProbability } from './nulls.ts';
import { cellGaps, type GridSpec } from '../numbers/index.ts';

/** What is said of one mask; figures/masks.ts gives each its id. */
export interface MaskFigures {
  overlap: number;
  range: Range;
  /** share of the mask's weights that changed; null for an empty mask */
  density: number | null;
  null: number | null;
  nullStep: number | null;
  nullProportional: number | null;
  lift: number | null;
  z: number | null;
  position: number | null;
  positionStep: number | null;
  positionProportional: number | null;
}

/**
 * The three masks (PNT 4.2). Weights that are 0 in W0 are left out: the histograms do not hold them. `hasNull` false (a side is
 * computed from several numbers): overlap, range and density only. d = 1: the nulls are the mask's own fraction, z and positions are
 * null. Null if nothing changed.
 */
export function maskFigures(
  masks: NonNullable<PairQuantities['masks']>,
  grid: GridSpec,
  hasNull: boolean,
): Record<MaskPrefix, MaskFigures> | null {
  const weights = sum(masks.all.total);
  const changed = sum(masks.all.changed);
  if (changed === 0) return null;
  const density = changed / weights;
  const gaps = cellGaps(grid);
  const nulls = hasNull
    ? { gaussian: gaussianNull(masks.all.total, gaps, density), step: stepNull(masks.all.total, gaps, density) }
    : null;
  const of = (prefix: MaskPrefix): MaskFigures => figuresOf(masks[prefix], masks.all, weights, changed, nulls);
  return { principal: of('principal'), low: of('low'), principalNotLow: of('principalNotLow') };
}

function figuresOf(
  mask: ClassCounts,
  all: ClassCounts,
  weights: number,
  changed: number,
  nulls: { gaussian: ChangeProbability; step: ChangeProbability } | null,
): MaskFigures {
  const hits = sum(mask.changed);
  const size = sum(mask.total);
  const overlap = hits / changed;
  const range = attainableRange(size, changed, weights);
  const measured = { overlap, range, density: size === 0 ? null : hits / size };
  if (!nulls)
    return {
      ...measured,
      ...{ null: null, nullStep: null, nullProportional: null, lift: null, z: null },
      ...{ position: null, positionStep: null, positionProportional: null },
    };
  const inside = nullSums(mask.total, nulls.gaussian);
  const whole = nullSums(all.total, nulls.gaussian);
  const expected = inside.mean / whole.mean;
  const expectedStep = nullSums(mask.total, nulls.step).mean / nullSums(all.total, nulls.step).mean;
  // rounding hides no weight more than another if the noise grows with the weight
  const expectedProportional = size / weights;
  const deviation = changed === weights ? null : hitsDeviation(inside.variance, whole.variance - inside.variance);
  return {
    ...measured,
    null: expected,
    nullStep: expectedStep,
    nullProportional: expectedProportional,
    lift: expected > 0 ? overlap / expected : null,
    z: deviation === null ? null : (hits - changed * expected) / deviation,
    position: positionInRange(overlap, expected, range),
    positionStep: positionInRange(overlap, expectedStep, range),
    positionProportional: positionInRange(overlap, expectedProportional, range),
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
 * Where the overlap lies between its null (0) and the end of the range on its side (1 above, -1 below). Null if the range leaves no
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
