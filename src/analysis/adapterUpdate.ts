/** What an adapter alone does to one weight: norms and spectrum of D, from the core between its factors (METRICS F). */
import { readMatrix, type AloneUpdate, type OverBase, type Weight } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { coreOf, matrixOf, sumOf, type ThinMatrix } from '../linalg/thin.ts';
import { spectrumMetrics, StatsAccumulator, chunkStats } from '../metrics/index.ts';
import { bytesOf, castCodes, type MatrixType } from '../numbers/index.ts';
import { plain } from '../protocol/format.ts';
import type { AdapterUpdate } from '../protocol/results.ts';

/** Reads the factors and nothing else. Throws bad-file, read-failed, cancelled. */
export async function updateOf(
  { name, layer, module, shape, rank, scale, thin }: AloneUpdate,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<AdapterUpdate> {
  const known = { name, layer, module, shape, rank, scale };
  if (typeof thin === 'string') return { ...known, spectrum: null, singularValues: [], reasons: [thin] };
  const matrix = await thin(signal);
  const [rows, columns] = [matrix.left.rows, matrix.right.columns];
  const values = await singularValues(matrix, backend, signal);
  const all = new Float64Array(Math.min(rows, columns));
  all.set(values);
  const squares = all.reduce((sum, value) => sum + value * value, 0);
  const mean = sumOf(matrix) / (rows * columns);
  const variance = Math.max(0, squares / (rows * columns) - mean * mean);
  return {
    ...known,
    shape: [rows, columns],
    spectrum: spectrumMetrics(all, rows, columns, variance),
    singularValues: [...values],
    reasons: [],
  };
}

/** As many as the factors allow, descending. */
export async function singularValues(
  matrix: ThinMatrix,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<Float64Array> {
  const { core } = await coreOf(matrix, signal);
  // One row or column: its length is the only one.
  if (Math.min(core.rows, core.columns) < 2)
    return Float64Array.of(Math.sqrt(core.values.reduce((sum, value) => sum + value * value, 0)));
  return backend.singularValues(matrixOf(core), { signal });
}

/** What is known of an update before it is made. */
function known({ name, pair, rank, scale }: OverBase): Omit<AdapterUpdate, 'spectrum' | 'singularValues' | 'reasons'> {
  const { rows, columns, place } = pair.base;
  return { name, layer: place.layer, module: place.module, rank, scale, shape: [rows, columns] };
}
/** Without figures, and why. */
export function unknown(over: OverBase, reason: string): AdapterUpdate {
  return { ...known(over), spectrum: null, singularValues: [], reasons: [reason] };
}

/** D = W1 - W0 as the adapter's definition makes it, unrounded, decomposed whole. Throws bad-file, read-failed, cancelled. */
export async function updateOver(
  over: OverBase,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<AdapterUpdate> {
  const { base, tuned } = over.pair;
  const { rows, columns } = base;
  const [before, after] = [await float64(base, signal), await float64(tuned, signal)];
  for (let i = 0; i < after.length; i++) after[i] = (after[i] as number) - (before[i] as number);
  const data = new Uint8Array(after.buffer, after.byteOffset, after.byteLength);
  const stats = new StatsAccumulator();
  stats.add(chunkStats('F64', data));
  if (!stats.isFinite)
    return unknown(
      over,
      `The update holds ${plain.integer(stats.nan)} NaN and ${plain.integer(stats.inf)} infinities: its spectrum is not defined.`,
    );
  const values = await backend.singularValues({ rows, columns, type: 'F64', data }, { signal });
  const spectrum = spectrumMetrics(values, rows, columns, stats.variance);
  return { ...known(over), spectrum, singularValues: [...values], reasons: [] };
}

async function float64(weight: Weight, signal: AbortSignal): Promise<Float64Array> {
  const type = weight.type as MatrixType;
  const data = await readMatrix(weight, signal);
  const values = new Float64Array(new SharedArrayBuffer((data.byteLength / bytesOf(type)) * 8));
  castCodes(type, data, 'F64', new Uint8Array(values.buffer));
  return values;
}
