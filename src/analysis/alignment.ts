/** Where an update points, from leading triplets: the part of a matrix's figures that needs no whole spectrum. */
import type { LinearAlgebraBackend, Matrix } from '../linalg/backend.ts';
import { alignmentMetrics, type UpdateContext } from '../metrics/index.ts';
import type { ChangeMetrics, ComparisonMetrics, ComparisonParameters, UpdateMetrics } from '../protocol/results.ts';
import { contextOf, detailOf, withFigures, type MatrixOutcome, type TunedSide } from './spectra.ts';
import { twinMetrics, twinOfPair } from './twin.ts';

/** What is not said of a matrix, and why. */
const NOT_COMPUTED = 'Only the leading triplets were computed: what needs whole spectra was not.';

/** Of one base and one tuned side, of one grid. Throws cancelled and what the backend throws. */
export async function alignmentOf(
  backend: LinearAlgebraBackend,
  w0: Matrix,
  side: TunedSide,
  parameters: ComparisonParameters,
  signal: AbortSignal,
): Promise<MatrixOutcome> {
  const start = performance.now();
  const { item, change, tuned } = side;
  const context = contextOf(side, parameters);
  const { maskRank, grid } = context;
  const { updateNorm, baseNorm } = change.tensor.metrics;
  const twin = await twinOfPair(backend, w0, { name: item.name, updateNorm, grid }, parameters, signal);
  const others = twin ? { others: [twin] } : {};
  const found = await backend.alignPair(w0, tuned, { maskRank, alpha: parameters.alpha, grid, signal, ...others });
  const { leading, zeros, others: more = [], computedOn } = found;
  const figures = alignmentMetrics({ leading, zeros, side: found }, context, { baseNorm, updateNorm });
  let beside: Pick<ComparisonMetrics, 'twin'> = parameters.twin ? { twin: null } : {};
  const [drawn] = more;
  if (twin && drawn) {
    const spectral = (of: UpdateContext, own: ChangeMetrics): Partial<UpdateMetrics> =>
      alignmentMetrics({ leading, zeros, side: drawn }, of, own).metrics;
    beside = { twin: await twinMetrics(backend, { w0, twin, context }, parameters, signal, spectral) };
  }
  const reasons = [...figures.reasons, NOT_COMPUTED];
  const tensor = withFigures(side, { ...figures, reasons }, beside, performance.now() - start);
  return {
    tensor: { ...tensor, computedOn: computedOn ?? backend.info.kind },
    detail: detailOf(side, null),
  };
}
