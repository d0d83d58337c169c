/** How the weights of a pair changed, elementwise: a streaming pass over both tensors that holds two chunks at a time. */
import {
  AdaptedWeight,
  CastWeight,
  gridOf,
  readChunks,
  slabBytes,
  StoredWeight,
  weightsOfChunk,
  type Area,
  type SharedBuffers,
  type Weight,
  type WeightPair,
} from '../checkpoint/index.ts';
import type { FilePlace } from '../protocol/filePlace.ts';
import type { ChunkChange, ComparedChunk, ElementKernels, LinearAlgebraBackend } from '../linalg/backend.ts';
import { changeProfiles, type StatsAccumulator } from '../metrics/index.ts';
import { quantisationSaid, sqnrOf } from '../metrics/quantisation.ts';
import { plain } from '../protocol/format.ts';
import { english } from '../protocol/say.ts';
import { bytesOf, castCodes, isMatrixType, type GridSpec, type MatrixType } from '../numbers/index.ts';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
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

/** Bytes that the pass over a pair holds: two chunks of each side, and a slab of one that is read as its transpose. */
export function streamBytes({ base, tuned }: Pick<WeightPair, 'base' | 'tuned'>): number {
  const of = (weight: Weight): number => {
    const chunk = Math.min(weight.count, Math.max(CHUNK_WEIGHTS, weight.columns));
    return 2 * chunk * bytesOf(matrixType(weight) ?? 'F64') + slabBytes(weight);
  };
  return of(base) + of(tuned);
}

type Probes = Pick<ChunkChange, 'equalBf16' | 'equalRelative' | 'equalAbsolute' | 'changed'>;

/** Section B's elementwise figures and section A's of both sides. Throws read-failed (naming the tensor) and cancelled. */
export async function changeOf(
  pair: WeightPair,
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
  buffers?: SharedBuffers,
): Promise<Change> {
  const [change] = await changesOf([pair], parameters, backend, signal, buffers);
  if (!change) throw new OffaxisError('bug', `${pair.name} came without its change.`);
  return change;
}

/** The same of pairs that share one base weight, which is read once. Peak: two chunks of each weight, of `buffers` if given. */
export async function changesOf(
  pairs: readonly WeightPair[],
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
  buffers?: SharedBuffers,
): Promise<Change[]> {
  const [first] = pairs;
  if (!first) return [];
  const passes = pairs.map((pair) => new ChangePass(pair, parameters, backend, signal));
  const { base: before, count } = first;
  const [pass] = passes;
  if (count > 0 && count <= FEW_WEIGHTS) {
    const base = await readFew(before, signal);
    for (const [i, { tuned }] of pairs.entries()) await passes[i]?.add(0, base, await readFew(tuned, signal));
    return passes.map((pass) => pass.finish());
  }
  const done = pass && pairs.length === 1 ? await readByThreads(pass, first, signal) : 0;
  const { rows, columns } = before;
  const left: Area =
    rows === 1 ? { rows: [0, 1], columns: [done, columns] } : { rows: [done / columns, rows], columns: [0, columns] };
  // whole rows, though a single one be left
  const weights = rows === 1 ? CHUNK_WEIGHTS : Math.max(columns, CHUNK_WEIGHTS);
  const read = { weights, ...(done > 0 ? { area: left } : {}), signal, ...(buffers ? { buffers } : {}) };
  const streams = pairs.map(({ tuned }) => readChunks(tuned, read)[Symbol.asyncIterator]());
  for await (const chunk of readChunks(before, read))
    for (const [i, stream] of streams.entries()) {
      const other = await stream.next();
      if (!other.done) await passes[i]?.add(done + chunk.first, chunk.data, other.value.data);
    }
  // past their last chunk they give back what they hold
  for (const stream of streams) await stream.next();
  return passes.map((pass) => pass.finish());
}

/**
 * Chunks that threads read from the two files themselves, up to the first that they can't: how many weights they have done, none if those
 * don't lie so that they can. What is left is read in the ordinary way, which says what is wrong with it.
 */
async function readByThreads(
  pass: ChangePass,
  { base, tuned, count }: WeightPair,
  signal: AbortSignal,
): Promise<number> {
  if (!(base instanceof StoredWeight && tuned instanceof StoredWeight)) return 0;
  if (base.rows !== tuned.rows || base.columns !== tuned.columns) return 0;
  const weights = weightsOfChunk(base, CHUNK_WEIGHTS);
  for (let first = 0; first < count; first += weights) {
    const part = { first, count: Math.min(weights, count - first) };
    const work = (before: FilePlace) => tuned.direct((after) => pass.compared(part, before, after));
    const found = await base.direct(work).catch(() => null);
    throwIfAborted(signal);
    if (!found) return first;
    pass.record(first, found);
  }
  return count;
}

/** The same of two matrices that lie in memory, row by row. Throws cancelled. */
export async function changeInMemory(
  pair: WeightPair,
  { base, tuned }: { base: Uint8Array; tuned: Uint8Array },
  parameters: ComparisonParameters,
  backend: LinearAlgebraBackend,
  signal: AbortSignal,
): Promise<Change> {
  const pass = new ChangePass(pair, parameters, backend, signal);
  const { count, base: before, tuned: after } = pair;
  const [wide, other] = [bytesOf(matrixType(before) as MatrixType), bytesOf(matrixType(after) as MatrixType)];
  const step = before.columns * Math.max(1, Math.floor(CHUNK_WEIGHTS / before.columns));
  for (let first = 0; first < count; first += step) {
    const end = Math.min(count, first + step);
    await pass.add(first, base.subarray(first * wide, end * wide), tuned.subarray(first * other, end * other));
  }
  return pass.finish();
}

/** The pass over one pair, chunk by chunk in order. */
class ChangePass {
  private readonly start = performance.now();
  private readonly isMatrix: boolean;
  private readonly sums: ChangeSums;
  private readonly rowChanged: Float64Array;
  private readonly columnChanged: Float64Array;
  private readonly hasNull: boolean;
  private readonly compare: ElementKernels['compare'];
  private readonly compareFiles: ElementKernels['compareFiles'] | undefined;
  private readonly options: Parameters<ElementKernels['compare']>[4];
  private readonly types: readonly [base: MatrixType, tuned: MatrixType];
  /** which weights an adapter changes is what a merge into the base's type would store; how far, what it says (METRICS F) */
  private readonly merged: MatrixType | null;

  constructor(
    private readonly pair: WeightPair,
    { eta, absoluteTolerance }: ComparisonParameters,
    backend: LinearAlgebraBackend,
    signal: AbortSignal,
  ) {
    const { base: before, tuned: after } = pair;
    const { shape, rows, columns, count } = before;
    // tensors of other than two axes come as one flat row; so does, in pieces, a single row longer than a chunk
    this.isMatrix = shape.length === 2 && (rows > 1 || columns <= CHUNK_WEIGHTS);
    const { grid, hasNull } = gridFor(pair);
    this.hasNull = hasNull;
    this.compare = backend.elements?.compare.bind(backend.elements) ?? compareHere;
    this.compareFiles = backend.elements?.compareFiles.bind(backend.elements);
    this.options = { grid, eta, absoluteTolerance, columns: this.isMatrix ? columns : 0, signal };
    this.types = [matrixType(before) as MatrixType, matrixType(after) as MatrixType];
    this.merged = mergedType(after);
    this.sums = new ChangeSums(count);
    this.rowChanged = new Float64Array(this.isMatrix ? rows : 0);
    this.columnChanged = new Float64Array(this.isMatrix ? columns : 0);
  }

  /** `first`: row-major number of the chunk's first weight. */
  async add(first: number, base: Uint8Array, tuned: Uint8Array): Promise<void> {
    const { compare, types, options, merged } = this;
    const result = await compare(types[0], base, types[1], tuned, options);
    this.record(first, merged === null ? result : { ...result, ...(await this.asMerged(merged, base, tuned)) });
  }

  /** What `record` takes, of `count` weights from `first` on in files that begin at these places. Null if they can't be read there. */
  async compared(
    { first, count }: { first: number; count: number },
    base: FilePlace,
    tuned: FilePlace,
  ): Promise<ComparedChunk | null> {
    const { compareFiles, types, options } = this;
    const at = ({ descriptor, position }: FilePlace, type: MatrixType): FilePlace => ({
      descriptor,
      position: position + first * bytesOf(type),
    });
    const sides = [types[0], at(base, types[0]), types[1], at(tuned, types[1])] as const;
    return (await compareFiles?.(...sides, count, options)) ?? null;
  }

  /** `first`: row-major number of the chunk's first weight. */
  record(first: number, result: ComparedChunk): void {
    const { sums, isMatrix, rowChanged, columnChanged } = this;
    sums.add(result);
    if (!isMatrix) return;
    const firstRow = first / this.pair.base.columns;
    result.rowChanged.forEach((n, i) => (rowChanged[firstRow + i] = n));
    result.columnChanged.forEach((n, j) => (columnChanged[j] = (columnChanged[j] ?? 0) + n));
  }

  private async asMerged(type: MatrixType, base: Uint8Array, tuned: Uint8Array): Promise<Probes> {
    const [left, right] = [storedAs(type, this.types[0], base), storedAs(type, this.types[1], tuned)];
    const probes = await this.compare(type, left, type, right, { ...this.options, columns: 0 });
    const { equalBf16, equalRelative, equalAbsolute, changed } = probes;
    return { equalBf16, equalRelative, equalAbsolute, changed };
  }

  finish(): Change {
    const { pair, sums, isMatrix, rowChanged, columnChanged, hasNull } = this;
    const { base: before, tuned: after } = pair;
    const { shape, rows, columns, place } = before;
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
        elapsedMs: performance.now() - this.start,
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
}

/** The type that a merge of an adapter would be stored in; null if a file holds the weight as it is. */
export function mergedType(weight: Weight): MatrixType | null {
  return weight instanceof AdaptedWeight ? weight.storage : null;
}

async function readFew(weight: Weight, signal: AbortSignal): Promise<Uint8Array> {
  const { rows, columns, count } = weight;
  const data = new Uint8Array(count * bytesOf(matrixType(weight) as MatrixType));
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
    s.isFinite ? null : `the ${name} holds ${plain.integer(s.nan)} NaN and ${plain.integer(s.inf)} infinities`;
  const text = [side('base', base), side('tuned', tuned)].filter((x) => x !== null).join(', ');
  return `Not finite: ${text}; norms, spectra and alignment are not defined.`;
}
