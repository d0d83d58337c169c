/**
 * The two rounding nulls: which weights would show a change if the update were noise that knows nothing of the matrix but its grid and
 * the observed density d. Both give a probability P for each rounding cell whose mean over the weights is d.
 */
import { normalTail, normalTailIntegral } from './erfc.ts';
import type { CellGaps } from '../numbers/index.ts';

/** Probability of a visible change, one for each cell of the histogram. */
export type ChangeProbability = Float64Array;

/** Below this width (in units of t) the tail at the middle of a position equals its mean over the position to 1e-7. */
const NARROW = 1e-3;
const MAX_ITERATIONS = 200;

/** Mean of Q(g / t) for g spread evenly over middle - spread to middle + spread. */
function meanTail(middle: number, spread: number, t: number): number {
  const width = (2 * spread) / t;
  if (width < NARROW) return normalTail(middle / t);
  const from = (middle - spread) / t;
  return (normalTailIntegral(from) - normalTailIntegral(from + width)) / width;
}

function occupied(total: Float64Array): number[] {
  return [...total.keys()].filter((i) => (total[i] ?? 0) > 0);
}

function weightedMean(total: Float64Array, cells: readonly number[], value: (cell: number) => number): number {
  let sum = 0;
  let weights = 0;
  for (const cell of cells) {
    sum += (total[cell] ?? 0) * value(cell);
    weights += total[cell] ?? 0;
  }
  return sum / weights;
}

/**
 * Root of an increasing function by regula falsi (Illinois) inside [low, high], to the last digits that change it. The caller brackets.
 */
function increasingRoot(f: (x: number) => number, low: number, high: number): number {
  let fLow = f(low);
  let fHigh = f(high);
  let side = 0;
  for (let i = 0; i < MAX_ITERATIONS && high - low > 1e-14 * Math.max(1, Math.abs(high)); i++) {
    // a bisection now and then: regula falsi alone crawls where the function has a step
    const chord = Number.isFinite(fLow) && Number.isFinite(fHigh) && i % 4 !== 3;
    const x = chord ? (low * fHigh - high * fLow) / (fHigh - fLow) : (low + high) / 2;
    const fx = f(x);
    if (fx === 0) return x;
    if (fx < 0) {
      low = x;
      fLow = fx;
      if (side === -1) fHigh /= 2;
      side = -1;
    } else {
      high = x;
      fHigh = fx;
      if (side === 1) fLow /= 2;
      side = 1;
    }
    if (Math.abs(fx) < 1e-14) return x;
  }
  return (low + high) / 2;
}

/**
 * Gaussian null: the weight of W0 moves by N(0, t^2), P = Q(g_t / t) + Q(g_a / t), t solved so that the mean of P is `density`.
 * `total`: weights a cell. 0 < density <= 1; at 1 every weight changes and P is 1.
 */
export function gaussianNull(total: Float64Array, gaps: CellGaps, density: number): ChangeProbability {
  const cells = occupied(total);
  const result = new Float64Array(total.length);
  const probability = (cell: number, t: number): number => {
    const spread = gaps.spread?.[cell] ?? 0;
    return meanTail(gaps.toward[cell] ?? 0, spread, t) + meanTail(gaps.away[cell] ?? 0, spread, t);
  };
  if (density >= 1) {
    for (const cell of cells) result[cell] = 1;
    return result;
  }
  const mean = (t: number): number => weightedMean(total, cells, (cell) => probability(cell, t));
  let t = weightedMean(total, cells, (cell) => gaps.away[cell] ?? 0);
  while (mean(t) < density) t *= 2;
  while (mean(t) > density) t /= 2;
  // on log t and log P: both span many orders of magnitude
  const root = increasingRoot((x) => Math.log(mean(Math.exp(x))) - Math.log(density), Math.log(t), Math.log(2 * t));
  for (const cell of cells) result[cell] = probability(cell, Math.exp(root));
  return result;
}

/**
 * Step null: every weight moves by the same c with a random sign, as under an Adam-like optimiser; P = half for each side whose gap is
 * below c. On the grid the gaps are few, so c falls on one of them: the sides with that gap change in equal part, so that the mean of P
 * is `density` exactly. Off the grid P grows evenly while c crosses a position.
 */
export function stepNull(total: Float64Array, gaps: CellGaps, density: number): ChangeProbability {
  const cells = occupied(total);
  const result = new Float64Array(total.length);
  const { spread } = gaps;
  if (spread) {
    const share = (gap: number, half: number, c: number): number =>
      Math.min(1, Math.max(0, (c - gap + half) / (2 * half)));
    const probability = (cell: number, c: number): number => {
      const half = spread[cell] ?? 0;
      return (share(gaps.toward[cell] ?? 0, half, c) + share(gaps.away[cell] ?? 0, half, c)) / 2;
    };
    const mean = (c: number): number => weightedMean(total, cells, (cell) => probability(cell, c));
    let high = Number.MIN_VALUE;
    for (const cell of cells) high = Math.max(high, 2 * ((gaps.toward[cell] ?? 0) + (gaps.away[cell] ?? 0)));
    let low = high;
    while (mean(low) > density) low /= 2;
    const root = increasingRoot((x) => mean(Math.exp(x)) - density, Math.log(low), Math.log(high));
    for (const cell of cells) result[cell] = probability(cell, Math.exp(root));
    return result;
  }
  const sides = cells.flatMap((cell) => [
    { cell, gap: gaps.toward[cell] ?? 0 },
    { cell, gap: gaps.away[cell] ?? 0 },
  ]);
  sides.sort((a, b) => a.gap - b.gap);
  let weights = 0;
  for (const cell of cells) weights += total[cell] ?? 0;
  let left = 2 * density * weights;
  for (let start = 0, end = 0; start < sides.length && left > 0; start = end) {
    let tied = 0;
    while (sides[end]?.gap === sides[start]?.gap && end < sides.length) tied += total[sides[end++]?.cell ?? 0] ?? 0;
    const part = Math.min(1, left / tied);
    for (const { cell } of sides.slice(start, end)) result[cell] = (result[cell] ?? 0) + part / 2;
    left -= tied;
  }
  return result;
}

/** sum over cells of count * P, and of count * P (1 - P). */
export function nullSums(counts: Float64Array, probability: ChangeProbability): { mean: number; variance: number } {
  let mean = 0;
  let variance = 0;
  for (const [cell, count] of counts.entries()) {
    const p = probability[cell] ?? 0;
    mean += count * p;
    variance += count * p * (1 - p);
  }
  return { mean, variance };
}

/**
 * Standard deviation of the hits in A, given their total, when every weight changes on its own: sqrt(V_A V_B / (V_A + V_B)). Null if
 * the smaller of the two is under 10: the normal approximation behind z does not hold there.
 */
export function hitsDeviation(varianceInside: number, varianceOutside: number): number | null {
  if (!(Math.min(varianceInside, varianceOutside) >= 10)) return null;
  return Math.sqrt((varianceInside * varianceOutside) / (varianceInside + varianceOutside));
}
