/** What an adapter alone does to one weight: norms and spectrum of D, from the core between its factors (METRICS F). */
import type { AloneUpdate } from '../checkpoint/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { coreOf, matrixOf, sumOf, type ThinMatrix } from '../linalg/thin.ts';
import { spectrumMetrics } from '../metrics/index.ts';
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
