/** How the weights of one pair changed, elementwise: a streaming pass over both tensors that holds two chunks at a time. */
import { gridOf, readChunks, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { ElementKernels, LinearAlgebraBackend } from '../linalg/backend.ts';
import { changeMetrics, changeProfiles, chunkCompare, StatsAccumulator } from '../metrics/index.ts';
import { isMatrixType, type GridSpec, type MatrixType } from '../numbers/index.ts';
import type { ComparisonParameters, ComparisonTensor, Flag } from '../protocol/results.ts';
import { dtypesOf } from './plan.ts';

/** Weights a chunk: 4 Mi, at most 32 MiB a side in float64; large enough that a call costs nothing, small enough for the cache of two threads. */
export const CHUNK_WEIGHTS = 4 * 1024 * 1024;

export interface Change {
  tensor: ComparisonTensor;
  /** no NaN or infinity on either side */
  finite: boolean;
  /** population variances, null where not finite */
  baseVariance: number | null;
  tunedVariance: number | null;
  updateVariance: number | null;
  /** share of changed weights a row, a column; null for tensors that are no matrix */
  rowDensity: number[] | null;
  columnDensity: number[] | null;
}

/** The type in which the rows of a weight reach the kernels; null if they are no floating numbers. */
export function matrixType({ type }: Pick<Weight, 'type'>): MatrixType | null {
  return isMatrixType(type) ? type : null;
}

/** The grid of a pair. BF16 against F16 is compared on bf16 and has no null. */
export function gridFor({ base, tuned }: WeightPair): { grid: GridSpec; hasNull: boolean } {
  const grid = base.grid !== null && tuned.grid !== null ? gridOf(base.grid, tuned.grid) : null;
  return grid ? { grid, hasNull: true } : { grid: { grid: 'BF16', onGrid: true, roundFirst: true }, hasNull: false };
}

/** Section B's elementwise figures and section A's of both sides. Throws read-failed (naming the tensor) and cancelled. */
export async function changeOf(
  pair: WeightPair,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<Change> {
  const start = performance.now();
  const { shape, rows, columns, count, place } = pair.base;
  // tensors of other than two axes come as one flat row; so does, in pieces, a single row longer than a chunk
  const isMatrix = shape.length === 2 && (rows > 1 || columns <= CHUNK_WEIGHTS);
  const { grid, hasNull } = gridFor(pair);
  const baseType = matrixType(pair.base) as MatrixType;
  const tunedType = matrixType(pair.tuned) as MatrixType;
  const compare: ElementKernels['compare'] = backend.elements?.compare.bind(backend.elements) ?? compareHere;
  const base = new StatsAccumulator();
  const tuned = new StatsAccumulator();
  const total = {
    equalBf16: 0,
    equalRelative: 0,
    equalAbsolute: 0,
    changed: 0,
    sumSquaresUpdate: 0,
    hidden: 0,
    sumSquaresHidden: 0,
    offGrid: 0,
  };
  const rowChanged = new Float64Array(isMatrix ? rows : 0);
  const columnChanged = new Float64Array(isMatrix ? columns : 0);
  const read = { weights: CHUNK_WEIGHTS, signal };
  const tunedChunks = readChunks(pair.tuned, read)[Symbol.asyncIterator]();
  for await (const chunk of readChunks(pair.base, read)) {
    const other = await tunedChunks.next();
    if (other.done) break;
    const result = await compare(baseType, chunk.data, tunedType, other.value.data, {
      grid,
      eta: parameters.eta,
      absoluteTolerance: parameters.absoluteTolerance,
      columns: isMatrix ? columns : 0,
      signal,
    });
    base.add(result.base);
    tuned.add(result.tuned);
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += result[key];
    if (isMatrix) {
      const firstRow = chunk.first / columns;
      result.rowChanged.forEach((n, i) => (rowChanged[firstRow + i] = n));
      result.columnChanged.forEach((n, j) => (columnChanged[j] = (columnChanged[j] ?? 0) + n));
    }
  }
  const metrics = changeMetrics(total, base, tuned, count);
  const profiles = isMatrix ? changeProfiles({ rows, columns, rowChanged, columnChanged }) : null;
  const finite = base.isFinite && tuned.isFinite;
  const flags: Flag[] = [];
  const reasons: string[] = [];
  if (grid.roundFirst) {
    flags.push('mixed-storage');
    reasons.push(
      `Stored as ${pair.base.dtype} and ${pair.tuned.dtype}: both were rounded to ${grid.grid.toLowerCase()} first.`,
    );
  }
  if (!hasNull) flags.push('no-null');
  if (!finite) {
    flags.push('not-finite');
    reasons.push(notFinite(base, tuned));
  } else if (metrics.updateNorm === 0) flags.push('no-update');
  if (metrics.baseNorm === 0) flags.push('zero-base');
  return {
    tensor: {
      name: pair.name,
      layer: place.layer,
      module: place.module,
      shape: [...shape],
      dtype: dtypesOf(pair),
      metrics: { ...metrics, base: base.finish(), tuned: tuned.finish() },
      flags,
      reasons,
      elapsedMs: performance.now() - start,
    },
    finite,
    baseVariance: base.variance,
    tunedVariance: tuned.variance,
    updateVariance: finite
      ? Math.max(0, total.sumSquaresUpdate / count - ((tuned.mean ?? 0) - (base.mean ?? 0)) ** 2)
      : null,
    rowDensity: profiles?.rowDensity ?? null,
    columnDensity: profiles?.columnDensity ?? null,
  };
}

/** The definition itself, where a backend has no faster way. */
const compareHere: ElementKernels['compare'] = (baseType, base, tunedType, tuned, options) =>
  Promise.resolve(chunkCompare(baseType, base, tunedType, tuned, options));

function notFinite(base: StatsAccumulator, tuned: StatsAccumulator): string {
  const side = (name: string, s: StatsAccumulator): string | null =>
    s.isFinite ? null : `the ${name} holds ${s.nan} NaN and ${s.inf} infinities`;
  const text = [side('base', base), side('tuned', tuned)].filter((x) => x !== null).join(', ');
  return `Not finite: ${text}; norms, spectra and alignment are not defined.`;
}
