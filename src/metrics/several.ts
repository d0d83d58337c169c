/** Several checkpoints of one base (METRICS D): what independent changes would share, and sums over matrices. */
import { cellGaps, type GridSpec } from '../numbers/index.ts';
import { figuresOf } from './catalog.ts';
import { evaluate, type AgreementSource, type Overlap, type PathSource } from './figure.ts';
import { gaussianNull, type ChangeProbability } from './nulls.ts';
import type { StepSeries } from '../protocol/several.ts';
import { AGREEMENT_FIGURES, PATH_FIGURES, type AgreementFigures, type PathFigures } from './severalCatalog.ts';

export const agreementFigures = (source: AgreementSource): AgreementFigures => evaluate(AGREEMENT_FIGURES, source);
export const pathFigures = (source: PathSource): PathFigures => evaluate(PATH_FIGURES, source);

/** Figures of section B that are numbers, but those that a path has of its own. */
const OF_STEPS = [...figuresOf('change'), ...figuresOf('update')].filter(
  ({ kind, id }) => (kind === 'number' || kind === 'integer') && !PATH_FIGURES.some((own) => own.id === id),
);
/** Each of them at every step; null if a step has none. What no step has is left out. */
export function stepSeries(metrics: readonly (Partial<Record<string, unknown>> | undefined)[]): StepSeries {
  const series = OF_STEPS.map(({ id }): [string, (number | null)[]] => [
    id,
    metrics.map((values) => (typeof values?.[id] === 'number' ? values[id] : null)),
  ]);
  return Object.fromEntries(series.filter(([, values]) => values.some((value) => value !== null)));
}

/** The histogram of a matrix's weights that are not 0 over the rounding cells of a grid, and how many of them a run changed. */
export interface CellCounts {
  grid: GridSpec;
  total: Float64Array;
  changed: number;
}

/** P of each cell under the run's own Gaussian null; all 0 if it changed nothing. */
export function changeProbability({ grid, total, changed }: CellCounts): ChangeProbability {
  const weights = total.reduce((sum, count) => sum + count, 0);
  return changed > 0 ? gaussianNull(total, cellGaps(grid), changed / weights) : new Float64Array(total.length);
}

/** sum P_i P_j, sum P_i and sum P_j over the weights. */
export function expectedShared(
  total: Float64Array,
  one: ChangeProbability,
  other: ChangeProbability,
): NonNullable<AgreementSource['expected']> {
  const expected = { both: 0, one: 0, other: 0 };
  for (const [cell, count] of total.entries()) {
    if (count === 0) continue;
    const [p, q] = [one[cell] ?? 0, other[cell] ?? 0];
    expected.both += count * p * q;
    expected.one += count * p;
    expected.other += count * q;
  }
  return expected;
}

/** Weights changed by exactly 0 .. N runs if each changes them by its own P, independently. */
export function expectedConsensus(total: Float64Array, runs: readonly ChangeProbability[]): number[] {
  const expected = new Array<number>(runs.length + 1).fill(0);
  for (const [cell, count] of total.entries()) {
    if (count === 0) continue;
    // P of c changes among the runs so far (Poisson's binomial distribution)
    const chance = [1];
    for (const run of runs) {
      const p = run[cell] ?? 0;
      chance.push(0);
      for (let c = chance.length - 1; c > 0; c--) chance[c] = (chance[c] ?? 0) * (1 - p) + (chance[c - 1] ?? 0) * p;
      chance[0] = (chance[0] ?? 0) * (1 - p);
    }
    for (const [c, p] of chance.entries()) expected[c] = (expected[c] ?? 0) + count * p;
  }
  return expected;
}

/** Sums of several matrices: what one of them lacks the whole lacks, but for the directions, which are of those that have some. */
export function addAgreement(sources: readonly AgreementSource[]): AgreementSource {
  const sum = (value: (source: AgreementSource) => number): number => total(sources.map(value));
  return {
    weights: sum(({ weights }) => weights),
    changed: [sum(({ changed }) => changed[0]), sum(({ changed }) => changed[1])],
    shared: sum(({ shared }) => shared),
    sameSign: sum(({ sameSign }) => sameSign),
    expected: sources.every(({ expected }) => expected !== null)
      ? {
          both: sum(({ expected }) => expected?.both ?? 0),
          one: sum(({ expected }) => expected?.one ?? 0),
          other: sum(({ expected }) => expected?.other ?? 0),
        }
      : null,
    products: sources.every(({ products }) => products !== null)
      ? {
          inner: sum(({ products }) => products?.inner ?? 0),
          one: sum(({ products }) => products?.one ?? 0),
          other: sum(({ products }) => products?.other ?? 0),
        }
      : null,
    similarity: addOverlaps(sources.map(({ similarity }) => similarity)),
    chance: addOverlaps(sources.map(({ chance }) => chance)) ?? { energy: 0, rank: 0 },
  };
}

/** Likewise along a run; all have the same steps. */
export function addPaths(
  { start, steps }: Pick<PathSource, 'start' | 'steps'>,
  sources: readonly PathSource[],
): PathSource {
  const every = sources.flatMap(({ products }) => products ?? []);
  const sums = (pick: (products: NonNullable<PathSource['products']>) => ArrayLike<number>, length: number): number[] =>
    Array.from({ length }, (_, at) => total(every.map((products) => pick(products)[at] ?? 0)));
  const n = steps.length;
  return {
    start,
    steps,
    baseSquares: total(sources.map(({ baseSquares }) => baseSquares)),
    products:
      sources.length > 0 && every.length === sources.length
        ? { gram: sums(({ gram }) => gram, n * n), increments: sums(({ increments }) => increments, n) }
        : null,
    similarity: steps.map((_, t) => addOverlaps(sources.map(({ similarity }) => similarity[t] ?? null))),
    chance: addOverlaps(sources.map(({ chance }) => chance)) ?? { energy: 0, rank: 0 },
    linear: {
      sum: total(sources.map(({ linear }) => linear.sum)),
      weights: total(sources.map(({ linear }) => linear.weights)),
    },
  };
}

function addOverlaps(overlaps: readonly (Overlap | null)[]): Overlap | null {
  const known = overlaps.filter((overlap) => overlap !== null);
  if (known.length === 0) return null;
  return { energy: total(known.map(({ energy }) => energy)), rank: total(known.map(({ rank }) => rank)) };
}
function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
