/** How the weights of one pair changed, elementwise: a streaming pass over both tensors that holds two chunks at a time. */
import { AdaptedWeight, CastWeight, gridOf, readChunks, type Weight, type WeightPair } from '../checkpoint/index.ts';
import type { ChunkChange, ElementKernels, LinearAlgebraBackend } from '../linalg/backend.ts';
import { changeProfiles, type StatsAccumulator } from '../metrics/index.ts';
import { quantisationSaid, sqnrOf } from '../metrics/quantisation.ts';
import { english } from '../metrics/say.ts';
import { bytesOf, castCodes, isMatrixType, type GridSpec, type MatrixType } from '../numbers/index.ts';
import type { ComparisonParameters, ComparisonTensor, Flag } from '../protocol/results.ts';
import { ChangeSums } from './changeSums.ts';
import { dtypesOf } from './plan.ts';
import { compareHere } from './twin.ts';

/** Weights a chunk: 4 Mi, at most 32 MiB a side in float64; large enough that a call costs nothing, small enough for the cache of two threads. */
export const CHUNK_WEIGHTS = 4 * 1024 * 1024;

/** So few come in one piece, without the machinery of chunks: a checkpoint may have half a million such tensors. */
const FEW_WEIGHTS = 4096;

export interface Change {
  tensor: ComparisonTensor;
  /** no NaN or infinity on either side */
  finite: boolean;
  /** every weight of the base lies on the grid, whatever it is stored in */
  onGrid: boolean;
  /** population variances, null if not finite */
  baseVariance: number | null;
  tunedVariance: number | null;
  updateVariance: number | null;
  /** share of changed weights a row, a column; null for tensors that are not a matrix */
  rowDensity: number[] | null;
  columnDensity: number[] | null;
}

/** The type in which the rows of a weight reach the kernels; null if they are not floating numbers. */
export function matrixType({ type }: Pick<Weight, 'type'>): MatrixType | null {
  return isMatrixType(type) ? type : null;
}

/** The grid of a pair. Weights that are computed from several numbers have no rounding null: their grid is that of the scales. */
export function gridFor({ base, tuned }: Pick<WeightPair, 'base' | 'tuned'>): { grid: GridSpec; hasNull: boolean } {
  const grid = base.grid !== null && tuned.grid !== null ? gridOf(tuned.grid) : null;
  return grid ? { grid, hasNull: true } : { grid: { grid: 'BF16', onGrid: false }, hasNull: false };
}

type Probes = Pick<ChunkChange, 'equalBf16' | 'equalRelative' | 'equalAbsolute' | 'changed'>;

/** Section B's elementwise figures and section A's of both sides. Throws read-failed (naming the tensor) and cancelled. */
export async function changeOf(
  pair: WeightPair,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<Change> {
  const start = performance.now();
  const { base: before, tuned: after } = pair;
  const { shape, rows, columns, count, place } = before;
  // tensors of other than two axes come as one flat row; so does, in pieces, a single row longer than a chunk
  const isMatrix = shape.length === 2 && (rows > 1 || columns <= CHUNK_WEIGHTS);
  const { grid, hasNull } = gridFor({ base: before, tuned: after });
  const baseType = matrixType(before) as MatrixType;
  const tunedType = matrixType(after) as MatrixType;
  const compare: ElementKernels['compare'] = backend.elements?.compare.bind(backend.elements) ?? compareHere;
  const { eta, absoluteTolerance } = parameters;
  const options = { grid, eta, absoluteTolerance, columns: isMatrix ? columns : 0, signal };
  // Which weights an adapter changes is what a merge into the base's type would store; how far, what it says (METRICS F).
  const merged = after instanceof AdaptedWeight ? after.storage : null;
  const asMerged = async (type: MatrixType, base: Uint8Array, tuned: Uint8Array): Promise<Probes> => {
    const [left, right] = [storedAs(type, baseType, base), storedAs(type, tunedType, tuned)];
    const probes = await compare(type, left, type, right, { ...options, columns: 0 });
    const { equalBf16, equalRelative, equalAbsolute, changed } = probes;
    return { equalBf16, equalRelative, equalAbsolute, changed };
  };
  const sums = new ChangeSums(count);
  const rowChanged = new Float64Array(isMatrix ? rows : 0);
  const columnChanged = new Float64Array(isMatrix ? columns : 0);
  const add = async (first: number, base: Uint8Array, tuned: Uint8Array): Promise<void> => {
    const result = await compare(baseType, base, tunedType, tuned, options);
    sums.add(merged === null ? result : { ...result, ...(await asMerged(merged, base, tuned)) });
    if (!isMatrix) return;
    const firstRow = first / columns;
    result.rowChanged.forEach((n, i) => (rowChanged[firstRow + i] = n));
    result.columnChanged.forEach((n, j) => (columnChanged[j] = (columnChanged[j] ?? 0) + n));
  };
  if (count > 0 && count <= FEW_WEIGHTS)
    await add(0, await readFew(before, baseType, signal), await readFew(after, tunedType, signal));
  else {
    const read = { weights: CHUNK_WEIGHTS, signal };
    const tunedChunks = readChunks(after, read)[Symbol.asyncIterator]();
    for await (const chunk of readChunks(before, read)) {
      const other = await tunedChunks.next();
      if (other.done) break;
      await add(chunk.first, chunk.data, other.value.data);
    }
  }
  const { base, tuned, finite } = sums;
  const metrics = sums.metrics();
  const profiles = isMatrix ? changeProfiles({ rows, columns, rowChanged, columnChanged }) : null;
  const flags: Flag[] = [];
  const reasons: string[] = [];
  if (before instanceof CastWeight && before.hasChanged) {
    flags.push('base-cast');
    reasons.push(`The base is stored as ${before.dtype}: it was cast to ${after.dtype}, which changed values.`);
  }
  // An adapter's own update is not what a quantisation lost, whatever the base is stored in.
  const quantised = after instanceof AdaptedWeight ? null : quantisedText(before, after);
  if (quantised !== null) {
    const said = english(quantisationSaid({ text: quantised, sqnr: sqnrOf(metrics.relativeUpdate) }));
    reasons.push(`${said.charAt(0).toUpperCase()}${said.slice(1)}.`);
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
      shape,
      dtype: dtypesOf(before, after),
      metrics: { ...metrics, base: base.finish(), tuned: tuned.finish() },
      flags,
      reasons,
      ...(quantised === null ? {} : { quantised }),
      elapsedMs: performance.now() - start,
    },
    finite,
    onGrid: sums.totals.offGrid === 0,
    baseVariance: base.variance,
    tunedVariance: tuned.variance,
    updateVariance: sums.updateVariance,
    rowDensity: profiles?.rowDensity ?? null,
    columnDensity: profiles?.columnDensity ?? null,
  };
}

async function readFew(weight: Weight, type: MatrixType, signal: AbortSignal): Promise<Uint8Array> {
  const { rows, columns, count } = weight;
  const data = new Uint8Array(count * bytesOf(type));
  await weight.readRows({ rows: [0, rows], columns: [0, columns] }, data, signal);
  return data;
}

function storedAs(type: MatrixType, from: MatrixType, data: Uint8Array): Uint8Array {
  if (from === type) return data;
  const codes = new Uint8Array(new SharedArrayBuffer((data.byteLength / bytesOf(from)) * bytesOf(type)));
  castCodes(from, data, type, codes);
  return codes;
}

/** Of the side that is quantised; of both if they differ. */
function quantisedText(base: Weight, tuned: Weight): string | null {
  const texts = [...new Set([base.quantised, tuned.quantised].filter((text) => text !== undefined))];
  return texts.length === 0 ? null : texts.join(' against ');
}

function notFinite(base: StatsAccumulator, tuned: StatsAccumulator): string {
  const side = (name: string, s: StatsAccumulator): string | null =>
    s.isFinite ? null : `the ${name} holds ${s.nan} NaN and ${s.inf} infinities`;
  const text = [side('base', base), side('tuned', tuned)].filter((x) => x !== null).join(', ');
  return `Not finite: ${text}; norms, spectra and alignment are not defined.`;
}
