/** Section B, spectral: everything reported about one pair of matrices, from a backend's raw quantities. */
import {
  INTRUDER_VECTORS,
  type AlignedSide,
  type AlignmentQuantities,
  type PairQuantities,
} from '../linalg/backend.ts';
import type { GridSpec } from '../numbers/index.ts';
import type { Flag, SpectrumMetrics, UpdateMetrics } from '../protocol/results.ts';
import { maskFigures } from './alignment.ts';
import { figuresOf } from './catalog.ts';
import { evaluate, type UpdateSource } from './figure.ts';
import { frobeniusNorm } from './figures/norms.ts';
import { rankTolerance } from './figures/numericalRank.ts';
import { stableRank } from './figures/stableRank.ts';
import { spectrumMetrics } from './spectrum.ts';
import { NSS_RESOLUTION } from './verdict.ts';

export interface UpdateContext {
  rows: number;
  columns: number;
  /** r and k that the quantities were computed with */
  maskRank: number;
  angleRank: number;
  grid: GridSpec;
  /** false if a side is computed from several numbers, as codes and scales: no null, lift, z or position */
  hasNull: boolean;
  /** population variances of the entries of W0, W1 and D, for the Marchenko-Pastur edges; null if not finite */
  baseVariance: number | null;
  tunedVariance: number | null;
  updateVariance: number | null;
}
export interface UpdateResult {
  metrics: UpdateMetrics;
  base: SpectrumMetrics;
  tuned: SpectrumMetrics;
  flags: Flag[];
  /** why figures are null or to be read with care, one sentence each */
  reasons: string[];
}

/** `quantities` null: a side is not finite; then all but the baselines and ranks is null. */
export function updateMetrics(quantities: PairQuantities | null, context: UpdateContext): UpdateResult {
  const { rows, columns, baseVariance, tunedVariance } = context;
  const baseNorm = quantities ? frobeniusNorm(quantities.baseValues) : 0;
  const updateNorm = quantities ? frobeniusNorm(quantities.updateValues) : 0;
  const source = sourceOf(quantities, context, { baseNorm, updateNorm });
  const metrics = evaluate(figuresOf('update'), source);
  return {
    metrics,
    base: spectrumMetrics(quantities && quantities.baseValues, rows, columns, baseVariance),
    tuned: spectrumMetrics(quantities && quantities.tunedValues, rows, columns, tunedVariance),
    ...(quantities ? remarks(quantities, metrics, source, context) : { flags: ['not-finite'], reasons: [] }),
  };
}

/** Squares of norms within these keep their digits, and those of parts a millionth as large theirs. */
const SQUARES = [2 ** -960, Number.MAX_VALUE] as const;

/** `updateNorm` counts if there is an update. What is a quotient of squares that leave float64 is taken out of `moved`. */
function sourceOf(
  pair: PairQuantities | null,
  context: UpdateContext,
  norms: Pick<UpdateSource, 'baseNorm' | 'updateNorm'>,
): UpdateSource {
  const moved = pair && pair.updateValues[0] !== 0 ? pair : null;
  const updateNorm = moved ? norms.updateNorm : 0;
  const updateSquared = updateNorm ** 2;
  return {
    ...context,
    pair,
    moved:
      moved && leavesFloat64(updateSquared) ? { ...moved, energies: null, diagonal: null, directions: null } : moved,
    baseNorm: norms.baseNorm,
    updateNorm,
    updateSquared,
    masks: moved?.masks ? maskFigures(moved.masks, context.grid, context.hasNull) : null,
  };
}

function leavesFloat64(updateSquared: number): boolean {
  return !(updateSquared >= SQUARES[0] && updateSquared <= SQUARES[1]);
}

/** Of leading triplets: what needs whole spectra is absent. */
export interface AlignmentResult extends Omit<UpdateResult, 'metrics' | 'base' | 'tuned'> {
  metrics: Partial<UpdateMetrics>;
  base: Partial<SpectrumMetrics>;
}
/**
 * As `updateMetrics`, of the leading triplets of W0 and of D alone. The two norms, Frobenius, are those of the elementwise part: null if
 * a side is not finite.
 */
export function alignmentMetrics(
  found: { leading: AlignmentQuantities['leading']; zeros: number; side: AlignedSide } | null,
  context: UpdateContext,
  { baseNorm, updateNorm }: { baseNorm: number | null; updateNorm: number | null },
): AlignmentResult {
  // what is empty here only figures of whole spectra look at
  const none = { tunedValues: new Float64Array(0), anglesU: null, anglesV: null, leftOverlap: null };
  const values = found?.leading.values;
  const pair: PairQuantities | null =
    found && values
      ? {
          ...none,
          ...found.side,
          zeros: found.zeros,
          baseValues: values,
          updateValues: Float64Array.of(found.side.updateValue),
        }
      : null;
  const source = sourceOf(pair, context, { baseNorm: baseNorm ?? 0, updateNorm: updateNorm ?? 0 });
  const metrics = evaluate(
    figuresOf('update').filter((figure) => !('whole' in figure)),
    source,
  );
  const largest = values?.[0];
  return {
    metrics,
    base: {
      spectralNorm: largest ?? null,
      frobeniusNorm: pair && baseNorm,
      stableRank: pair && baseNorm !== null && largest !== undefined ? stableRank(baseNorm, largest) : null,
    },
    ...(pair ? notesOf(pair, metrics, source, context) : { flags: ['not-finite'], reasons: [] }),
  };
}

/** What is to be said beside the figures, and why some are null. */
function remarks(
  pair: PairQuantities,
  metrics: UpdateMetrics,
  source: UpdateSource,
  context: UpdateContext,
): Pick<UpdateResult, 'flags' | 'reasons'> {
  const { baseValues, updateValues, anglesU, anglesV } = pair;
  const { rows, columns, angleRank: k } = context;
  const { flags, reasons } = notesOf(pair, metrics, source, context);
  const moved = updateValues[0] !== 0;
  if (moved && metrics.nss !== null && metrics.nss < NSS_RESOLUTION) {
    flags.push('below-resolution');
    reasons.push('The spectral shift is below 2e-6 of the spectrum, under what can be resolved.');
  }
  if ((moved || baseValues[0] === 0) && !(anglesU && anglesV)) {
    const short = hasSubspace(baseValues, k, rows, columns) ? 'tuned matrix' : 'base matrix';
    reasons.push(`The ${short} has a numerical rank under ${k}: there is no subspace of that size to compare.`);
  }
  if (moved && anglesU && metrics.intruders === null)
    reasons.push(
      `Only ${k} leading vectors were compared: intruder dimensions need the ${Math.min(INTRUDER_VECTORS, rows, columns)} that they are counted among.`,
    );
  return { flags, reasons };
}

/** Those that need no whole spectrum. */
function notesOf(
  { baseValues, updateValues, masks }: PairQuantities,
  metrics: Pick<UpdateMetrics, 'illDefined' | 'principalOverlap'>,
  { updateSquared }: UpdateSource,
  { maskRank, hasNull }: UpdateContext,
): Pick<UpdateResult, 'flags' | 'reasons'> {
  const flags: Flag[] = [];
  const reasons: string[] = [];
  const note = (flag: Flag, reason: string): void => {
    flags.push(flag);
    reasons.push(reason);
  };
  const moved = updateValues[0] !== 0;
  if (!hasNull)
    note(
      'no-null',
      'A side is computed from several numbers, as codes and their scales: what rounding noise gives is not defined.',
    );
  if (!moved) note('no-update', 'There is no update to measure here.');
  if (baseValues[0] === 0)
    note('zero-base', 'The base matrix is zero: what divides by it, and its masks, are not defined.');
  if (metrics.illDefined)
    note(
      'ill-defined',
      `The leading ${maskRank} directions of the base are not separated from the next: its masks and energies are not determined.`,
    );
  if (moved && leavesFloat64(updateSquared))
    reasons.push('The update is so small or so large that squares of its weights leave float64: it has no energies.');
  if (moved && metrics.principalOverlap === null && masks)
    reasons.push('No weight other than stored zeros changed its code: there is no overlap to measure.');
  return { flags, reasons };
}

/** Whether there is a leading k-dimensional subspace: s_k above the numerical-rank threshold. */
function hasSubspace(values: Float64Array, k: number, rows: number, columns: number): boolean {
  return (values[k - 1] ?? 0) > rankTolerance(values[0] ?? 0, rows, columns);
}
