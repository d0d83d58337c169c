/**
 * The contract of every linear-algebra backend: plain float64 reference, WASM on worker threads, WebGPU, and the GPU with the CPU behind
 * it. A backend turns the raw bytes of one matrix (or of a pair) into the raw quantities from which src/metrics makes the reported
 * figures, and makes the noise twin of a matrix. It opens no files and knows no tensor names. Matrices are row-major
 * [rows, columns] = [out, in], little-endian storage codes.
 */
import type { FilePlace } from '../protocol/filePlace.ts';
import type { GridName, GridSpec, MatrixType } from '../numbers/index.ts';
import type { BackendInfo, Recomputed } from '../protocol/backend.ts';
import type { AgreeingSide, AgreeingSums } from './agreeing.ts';
import type { LeftOverlap } from './intruders.ts';

export { INTRUDER_COSINE, INTRUDER_VECTORS, type LeftOverlap } from './intruders.ts';

export interface Matrix {
  rows: number;
  columns: number;
  type: MatrixType;
  /** rows * columns codes; may be a view of a SharedArrayBuffer; not modified, not kept after the call settles */
  data: Uint8Array;
}

/** Histogram over rounding classes of the non-zero weights of W0 in one set: how many, and how many of them changed. Same length. */
export interface ClassCounts {
  /** cellCount(grid) entries, by class; if the grid has positions, index = class * CELL_POSITIONS + position */
  total: Float64Array;
  changed: Float64Array;
}

export interface SingleOptions {
  signal?: AbortSignal;
}
export interface PairOptions {
  /** what an earlier call found of this base with these ranks and alpha (its `factors`): not computed again, with the same bits */
  factors?: BaseFactors;
  /** asks for `factors`, to be kept; a backend may have none to give */
  keepFactors?: boolean;
  /** further tuned sides of the same base, as the noise twin or other runs: give `others`, with the base's factors computed once */
  others?: readonly Matrix[];
  /** K, 1 <= K <= q: gives `updateRight` of every tuned side */
  updateRank?: number;
  /** r, 1 <= r <= q */
  maskRank: number;
  /** k, 1 <= k <= q */
  angleRank: number;
  /** mask size = floor(alpha m n + 0.5) */
  alpha: number;
  grid: GridSpec;
  signal?: AbortSignal;
}
/** What depends on the tuned side of a pair; float64. W0 and W1 are finite (the caller has checked). */
export interface SideQuantities {
  /** descending, q values each */
  tunedValues: Float64Array;
  updateValues: Float64Array;
  /** sines and cosines of the k principal angles, each ascending in angle; sine form; null if s_k <= tol on a side, or D = 0 */
  anglesU: { sines: Float64Array; cosines: Float64Array } | null;
  anglesV: { sines: Float64Array; cosines: Float64Array } | null;
  /** null where `anglesU` is */
  leftOverlap: LeftOverlap | null;
  /** norm_F(U_r' D V_r)^2, norm_F(U_r' D)^2, norm_F(D V_r)^2; null for a zero base */
  energies: { joint: number; left: number; right: number } | null;
  /** u_i' D v_i, i = 1..r; null for a zero base */
  diagonal: Float64Array | null;
  /** norm(u_i' D)^2 and norm(D v_i)^2, i = 1..k; null if s_k(W0) <= tol: the directions are not determined */
  directions: DirectionEnergies | null;
  /** the leading K right singular vectors of D, [n, K] row-major; null if its numerical rank is under K, absent if not asked for */
  updateRight?: Float32Array | Float64Array | null;
  /** classes inside each mask (weights with W0 = 0 left out), and over the whole matrix; null for a zero base */
  masks: { principal: ClassCounts; low: ClassCounts; principalNotLow: ClassCounts; all: ClassCounts } | null;
}
export interface DirectionEnergies {
  left: Float64Array;
  right: Float64Array;
}
/** What a pair needs of its base alone, in the precision in which it is computed with. Not zero, and not scaled. */
export interface BaseFactors {
  /** q values, descending */
  values: Float64Array;
  /** the k leading vectors are there: some side differs from the base, and s_k is above tol */
  directed: boolean;
  /** they are in float32 */
  single: boolean;
  /** [min(m, n), r] and [max(m, n), r], row-major: the leading vectors of the smaller and of the larger side */
  leading: { small: Float64Array; large: Float64Array };
  /** [min(m, n), k] and [max(m, n), k]; empty if not directed */
  vectors: { small: Float32Array | Float64Array; large: Float32Array | Float64Array };
  /** both masks, two bits a weight from the lowest on: in the principal one, in the low one */
  masks: Uint8Array;
}
/** Everything spectral about one pair; float64. */
export interface PairQuantities extends SideQuantities {
  /** descending, q values */
  baseValues: Float64Array;
  /** the number of zeros of W0 */
  zeros: number;
  /** only if asked for */
  factors?: BaseFactors;
  /** the same for (W0, each of `others`), in their order; only if there are some */
  others?: SideQuantities[];
  /** where this pair was computed, if not where the backend's `info` says: a GPU backend may leave a matrix to the CPU */
  computedOn?: BackendInfo['kind'];
  /** what a GPU found in float32 and the CPU has computed again in float64, as the figures would not have been right */
  recomputed?: Recomputed[];
}
/**
 * The leading singular triplets of one matrix, W = U S V'. A plain record: whoever keeps it may give it to `alignPair` again.
 */
export interface LeadingTriplets {
  /** r values, descending, and s_{r+1} (0 if r = q) */
  values: Float64Array;
  /** [min(m, n), r], row-major: unit vectors of the smaller side, V if tall or square, U if wide */
  small: Float64Array;
  /** [max(m, n), r]: W times those (W' if wide), s_i times the vectors of the other side */
  large: Float64Array;
}
export interface AlignmentOptions extends Pick<PairOptions, 'others' | 'maskRank' | 'alpha' | 'grid' | 'signal'> {
  /** of W0, with r = maskRank, as an earlier call gave them: they are not computed again */
  leading?: LeadingTriplets;
}
/** What of a pair needs no whole spectrum; the directions end at maskRank. */
export interface AlignedSide extends Pick<SideQuantities, 'energies' | 'diagonal' | 'directions' | 'masks'> {
  /** s_1(D) */
  updateValue: number;
}
export interface AlignmentQuantities extends AlignedSide, Pick<PairQuantities, 'zeros' | 'computedOn'> {
  leading: LeadingTriplets;
  others?: AlignedSide[];
  /** matrices of the pair whose leading triplets the short way did not settle, so that their whole spectrum was computed */
  reduced: ('base' | 'update')[];
}
/** The noise of a twin. */
export interface NoiseOptions {
  /** of the generator, modulo 2^64 */
  seed: bigint;
  /** norm_F(T - W0) that is wanted, > 0 */
  norm: number;
  /** the grid that `matrix` is stored on if its own type is wider (F8 as decoded to F32), else null */
  grid: GridName | null;
  signal?: AbortSignal;
}
/** A call of which is reckoned what it holds: singularValues, alignPair (its angle rank says nothing) or comparePair. */
export interface ReckonedCall extends Pick<PairOptions, 'angleRank' | 'maskRank'> {
  call: 'values' | 'alignment' | 'pair';
  rows: number;
  columns: number;
  /** tuned sides; of a call for values none */
  sides: number;
}
export interface LinearAlgebraBackend {
  readonly info: BackendInfo;
  /** How many matrices it works on at once; the caller keeps that many calls in flight. */
  readonly parallelism: number;
  /** All singular values, descending (q values). The matrix is finite. Throws `cancelled`. */
  singularValues(matrix: Matrix, options: SingleOptions): Promise<Float64Array>;
  /** Throws `cancelled`; throws `device-lost` when the device is gone and the call may be repeated elsewhere. */
  comparePair(base: Matrix, tuned: Matrix, options: PairOptions): Promise<PairQuantities>;
  /**
   * Masks, energies and s_1(D) of a pair from leading triplets alone, about a tenth of the work of comparePair. A matrix on which the
   * short way does not settle (a flat spectrum, one of low rank) is reduced whole: the result is as exact. Throws as comparePair.
   */
  alignPair(base: Matrix, tuned: Matrix, options: AlignmentOptions): Promise<AlignmentQuantities>;
  /**
   * T = W0 + t G in W0's own type, t fitted so that norm_F(T - W0) is the norm asked for to 1e-3. A bf16 twin is cast by way of float32,
   * so rounded twice, as frameworks and the oracle cast float64. W0 is finite. Throws `cancelled`.
   */
  noiseTwin(base: Matrix, options: NoiseOptions): Promise<Matrix>;
  /** Bytes that all that is at work may hold together; a call that needs more by itself is refused. Absent: as the machine allows. */
  readonly budget?: number;
  /** Peak bytes that a call holds, if the codes of its matrices are float32. */
  peakBytes(call: ReckonedCall): number;
  /** The streaming passes over raw codes; `null` if this backend has no faster way than src/metrics/chunks.ts and agreeing.ts, which define them. */
  readonly elements: ElementKernels | null;
  dispose(): Promise<void>;
}

/** B(i, i + d) for d = 0..width at i * (width + 1) + d: an upper band matrix of `order`, zero past the last column. */
export interface UpperBand {
  order: number;
  width: number;
  data: Float32Array | Float64Array;
}
/** Leading singular triplets of a band matrix. */
export interface BandFactors {
  /** all singular values, descending */
  values: Float64Array;
  /** [order, vectors], row-major: B v_i / s_i and v_i; 0 for s_i under 1e-12 of the largest */
  left: Float32Array;
  right: Float32Array;
}
/** Approximate leading singular vectors of a matrix, to be made exact. */
export interface LeadingStart {
  /** [min(m, n), count], row-major: vectors of the smaller side, of float32's accuracy; more than maskRank if there are more */
  vectors: Float32Array;
  count: number;
  /** min(m, n) values, descending, to about 1e-7 of the largest */
  values: Float64Array;
}
/** What depends on the leading maskRank vectors of the base; null parts as in PairQuantities, directions up to maskRank. `doubtful`: see FloatTail. */
export type LeadingQuantities = Pick<PairQuantities, 'energies' | 'diagonal' | 'directions' | 'masks' | 'zeros'> & {
  doubtful: number;
};
/** Leading triplets of a matrix, exact to `error`. */
export interface RefinedLeading {
  /** maskRank values */
  values: Float64Array;
  /** [min(m, n), maskRank] orthonormal vectors of the smaller side, row-major */
  small: Float64Array;
  /** [max(m, n), maskRank], W times those (W' if wide): s_i u_i */
  large: Float64Array;
  /** norm_F of the error that is left in the reconstruction */
  error: number;
}
/**
 * The float64 end of a GPU backend's work, on CPU threads. Asynchronous, so that the device goes on meanwhile. All throw `cancelled`,
 * and `device-lost` if a thread has died.
 */
export interface FloatTail {
  /** Band to tridiagonal to values; inverse iteration on B'B. Values to about 2e-8 of the largest, for the smallest ones. */
  band(band: UpperBand, vectors: number, signal?: AbortSignal): Promise<BandFactors>;
  /** Refines the leading maskRank vectors in float64 against the matrix itself: W0, or D if a tuned side is given. */
  refine(base: Matrix, start: LeadingStart, options: PairOptions, tuned?: Matrix): Promise<RefinedLeading>;
  /**
   * The same, then the masks, and energies of the update. `doubtful`: how
   * many entries of the reconstruction lie so close to the selection's threshold that what error is left may put them on the wrong side.
   */
  leading(base: Matrix, tuned: Matrix, start: LeadingStart, options: PairOptions): Promise<LeadingQuantities>;
}

/** Sums of the streaming passes: one chunk's contribution. All exact counts; sums in float64. */
export interface ChunkStats {
  finite: number;
  sum: number;
  sumSquares: number;
  min: number;
  max: number;
  zeros: number;
  nan: number;
  inf: number;
  subnormal: number;
}
export interface ChunkChange {
  base: ChunkStats;
  tuned: ChunkStats;
  /** weights whose bf16 codes are equal (+0 = -0; NaN equals NaN) */
  equalBf16: number;
  equalRelative: number;
  equalAbsolute: number;
  /** weights whose codes on the grid differ */
  changed: number;
  /** sum (w1 - w0)^2 over pairs that are both finite */
  sumSquaresUpdate: number;
  /** weights whose stored values differ (NaN equals NaN), though their codes on the grid are equal; 0 for storage on the grid */
  hidden: number;
  /** sum (w1 - w0)^2 over those of them that are finite */
  sumSquaresHidden: number;
  /** finite weights of the base that do not lie on the grid */
  offGrid: number;
}
/** A backend's fast way through raw codes; run on its worker threads. */
export interface ElementKernels {
  stats(type: MatrixType, data: Uint8Array, signal?: AbortSignal): Promise<ChunkStats>;
  /** As agreeing.ts defines it, on one thread. */
  agreeing(sides: readonly AgreeingSide[], signal?: AbortSignal): Promise<AgreeingSums>;
  histogram(type: MatrixType, data: Uint8Array, min: number, max: number, signal?: AbortSignal): Promise<Float64Array>;
  /**
   * `columns` > 0: the chunks are whole rows of `columns` weights, and `rowChanged` and `columnChanged` say how many weights changed in
   * each row and column of the chunk. With 0 both are empty. The two types are one but for a stored base beside float64 sums (a merged
   * adapter): to widen the base for those would cost more than a second type does.
   */
  compare(
    baseType: MatrixType,
    base: Uint8Array,
    tunedType: MatrixType,
    tuned: Uint8Array,
    options: { grid: GridSpec; eta: number; absoluteTolerance: number; columns: number; signal?: AbortSignal },
  ): Promise<ComparedChunk>;
  /** The same of as many weights in two open files, which the thread reads itself, piece by piece. Null if one can't be read to the end. */
  compareFiles(
    baseType: MatrixType,
    base: FilePlace,
    tunedType: MatrixType,
    tuned: FilePlace,
    weights: number,
    options: { grid: GridSpec; eta: number; absoluteTolerance: number; columns: number; signal?: AbortSignal },
  ): Promise<ComparedChunk | null>;
}
export type ComparedChunk = ChunkChange & { rowChanged: Float64Array; columnChanged: Float64Array };
