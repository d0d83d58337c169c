/** The spectral part of a base matrix and its tuned sides, which share the base's factors. */
import type { WeightPair } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend, Matrix, PairQuantities } from '../linalg/backend.ts';
import { alignmentMetrics, angleDegrees, updateMetrics, type UpdateContext } from '../metrics/index.ts';
import { castCodes, type GridSpec } from '../numbers/index.ts';
import type { MatrixDetail } from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import type {
  ComparisonMetrics,
  ComparisonParameters,
  ComparisonTensor,
  Flag,
  SpectrumMetrics,
  TwinMetrics,
  UpdateMetrics,
} from '../protocol/results.ts';
import { gridFor, type Change } from './change.ts';
import { ranksOf } from './plan.ts';
import { twinMetrics, twinOfPair } from './twin.ts';

export interface MatrixOutcome {
  tensor: ComparisonTensor;
  detail: MatrixDetail;
}
/** A pair of which the elementwise part is done. */
export interface ChangedPair {
  item: WeightPair;
  change: Change;
}
/** The same with its tuned matrix, finite and of the base's type. */
export interface TunedSide extends ChangedPair {
  tuned: Matrix;
}
/** What became of one tuned side, with the raw quantities behind it. */
export interface SideOutcome extends MatrixOutcome {
  quantities: PairQuantities;
}

/** An update that no file holds is not rounded: the base beside it is widened, which is exact. */
export function inOneType(base: Matrix, tuned: Matrix): [Matrix, Matrix] {
  if (base.type === tuned.type) return [base, tuned];
  const data = new Uint8Array(new SharedArrayBuffer(tuned.data.byteLength));
  castCodes(base.type, base.data, tuned.type, data);
  return [{ ...base, type: tuned.type, data }, tuned];
}

/** The grid of a pair, as its weights lie on it. */
export function gridOfChanged({ item, change }: ChangedPair): { grid: GridSpec; hasNull: boolean } {
  const { grid, hasNull } = gridFor(item);
  return { grid: { ...grid, onGrid: grid.onGrid || change.onGrid }, hasNull };
}

/** A pair that is not finite: its figures are null. */
export function withoutSpectra(pair: ChangedPair, parameters: ComparisonParameters): MatrixOutcome {
  const twin = parameters.twin ? { twin: null } : {};
  const context = contextOf(pair, parameters);
  if (parameters.spectra !== 'leading') return outcomeOf(pair, context, null, twin, 0);
  const figures = alignmentMetrics(null, context, pair.change.tensor.metrics);
  return { tensor: withFigures(pair, figures, twin, 0), detail: detailOf(pair, null) };
}

/**
 * Of one base and its tuned sides, all of one grid, in their order. `updateRank`: the quantities hold so many leading right vectors of
 * each D. Throws cancelled and what the backend throws.
 */
export async function spectraOfSides(
  backend: LinearAlgebraBackend,
  w0: Matrix,
  sides: readonly TunedSide[],
  parameters: ComparisonParameters,
  signal: AbortSignal,
  updateRank?: number,
): Promise<SideOutcome[]> {
  const [first] = sides;
  if (!first) return [];
  const start = performance.now();
  const context = contextOf(first, parameters);
  const { angleRank, maskRank, grid } = context;
  const twins: (Matrix | null)[] = [];
  for (const { item, change } of sides) {
    const { updateNorm } = change.tensor.metrics;
    twins.push(await twinOfPair(backend, w0, { name: item.name, updateNorm, grid }, parameters, signal));
  }
  const others = [...sides.slice(1).map(({ tuned }) => tuned), ...twins.filter((twin) => twin !== null)];
  const found = await backend.comparePair(w0, first.tuned, {
    ...{ angleRank, maskRank, alpha: parameters.alpha, grid, signal },
    ...(others.length > 0 ? { others } : {}),
    ...(updateRank === undefined ? {} : { updateRank }),
  });
  const { baseValues, zeros, others: more = [], computedOn, recomputed, ...own } = found;
  const shared = { baseValues, zeros, ...(computedOn ? { computedOn } : {}), ...(recomputed ? { recomputed } : {}) };
  const quantities = [own, ...more].map((side): PairQuantities => ({ ...shared, ...side }));
  let next = sides.length;
  const outcomes: SideOutcome[] = [];
  for (const [i, side] of sides.entries()) {
    const twin = twins[i] ?? null;
    const noise = twin ? quantities[next++] : undefined;
    const of = quantities[i];
    if (!of) throw new OffaxisError('bug', `The backend gave ${quantities.length} of ${sides.length} sides.`);
    const beside = contextOf(side, parameters);
    const metrics =
      twin && noise
        ? await twinMetrics(
            backend,
            { w0, twin, context: beside },
            parameters,
            signal,
            (context) => updateMetrics(noise, context).metrics,
          )
        : null;
    const elapsed = (performance.now() - start) / sides.length;
    const outcome = outcomeOf(side, beside, of, parameters.twin ? { twin: metrics } : {}, elapsed);
    outcome.tensor.computedOn = computedOn ?? backend.info.kind;
    outcomes.push({ ...outcome, quantities: of });
  }
  return outcomes;
}

export function contextOf(pair: ChangedPair, parameters: ComparisonParameters): UpdateContext {
  const { item, change } = pair;
  const { rows, columns } = item.base;
  const { baseVariance, tunedVariance, updateVariance } = change;
  const ranks = ranksOf(item, parameters);
  return { rows, columns, ...ranks, ...gridOfChanged(pair), baseVariance, tunedVariance, updateVariance };
}

/** A pair's elementwise part with the figures of its matrix beside it. */
export function withFigures(
  { change }: ChangedPair,
  found: {
    metrics: Partial<UpdateMetrics>;
    base: Partial<SpectrumMetrics>;
    tuned?: Partial<SpectrumMetrics>;
    flags: Flag[];
    reasons: string[];
  },
  twin: Pick<ComparisonMetrics, 'twin'>,
  elapsedMs: number,
): ComparisonTensor {
  const { metrics, reasons, flags } = change.tensor;
  return {
    ...change.tensor,
    metrics: {
      ...metrics,
      ...found.metrics,
      base: { ...metrics.base, ...found.base },
      tuned: { ...metrics.tuned, ...found.tuned },
      ...twin,
    },
    flags: [...new Set([...flags, ...found.flags])],
    reasons: [...new Set([...reasons, ...found.reasons])],
    elapsedMs: change.tensor.elapsedMs + elapsedMs,
  };
}

function outcomeOf(
  pair: ChangedPair,
  context: UpdateContext,
  quantities: PairQuantities | null,
  twin: { twin?: TwinMetrics | null },
  elapsedMs: number,
): MatrixOutcome {
  return {
    tensor: {
      ...withFigures(pair, updateMetrics(quantities, context), twin, elapsedMs),
      ...(quantities?.recomputed ? { recomputed: quantities.recomputed } : {}),
    },
    detail: detailOf(pair, quantities),
  };
}

/** What is drawn of a matrix; without its quantities only how its change lies in rows and columns. */
export function detailOf({ item, change }: ChangedPair, quantities: PairQuantities | null): MatrixDetail {
  return {
    name: item.name,
    baseSingularValues: [...(quantities?.baseValues ?? [])],
    tunedSingularValues: [...(quantities?.tunedValues ?? [])],
    updateSingularValues: [...(quantities?.updateValues ?? [])],
    anglesU: quantities?.anglesU ? [...angleDegrees(quantities.anglesU)] : [],
    anglesV: quantities?.anglesV ? [...angleDegrees(quantities.anglesV)] : [],
    rowDensity: change.rowDensity ?? [],
    columnDensity: change.columnDensity ?? [],
  };
}
