/**
 * One weight, however it is stored. Analysis, health and the pages' requests see nothing else: no tensor, no view, no file.
 *
 * Kinds today: `StoredWeight` (stored.ts), one entry of one file, whole, strided, a part of a fused matrix, one of a stack, or transposed;
 * `ScaledWeight` (scaled.ts), codes and scales in any layout of quantised/; `CastWeight` (cast.ts), another in another type.
 * A kind to come needs a class that fills `Weight` and a line in weights.ts that makes it; nothing above src/checkpoint changes:
 * - A low-rank weight (adapter: W0 + s B A): `base` a Weight and the factors two more; `entries` those of all three; `type` F32 or F64,
 *   `grid` null; `readRows` reads the base's rows and adds s B[rows] A. What wants the factors themselves (a spectrum of D from its
 *   r x r core) asks for the class by `instanceof`, as for any capability that only one kind has.
 */
import type { TensorRow } from '../protocol/engine.ts';

/** Where in a model a weight stands. */
export interface Place {
  layer: number | null;
  /** "self_attn.q_proj", with "#q" for a part of a fused one */
  module: string;
  /** number of the expert of a mixture */
  expert: number | null;
  role: TensorRow['role'];
}

/** What one entry of a file's header describes: the bytes behind a weight. */
export interface StorageEntry {
  readonly name: string;
  readonly file: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  /** `target.length` bytes from `offset` on. Throws read-failed (names file, tensor, byte) and cancelled. */
  read(offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** Rows and columns, each from the first to the one after the last. */
export interface Area {
  rows: readonly [from: number, to: number];
  columns: readonly [from: number, to: number];
}

export interface Weight {
  /** name of the tensor, with "#q", "#gate", "#7" for a part */
  readonly name: string;
  /** name of the tensor that it is, or is a part of */
  readonly tensor: string;
  readonly place: Place;
  /** logical shape; [out, in] of a matrix */
  readonly shape: readonly number[];
  /** as it is read: the sides of a matrix; else one row of all weights, or rows as they lie in the file */
  readonly rows: number;
  readonly columns: number;
  /** rows x columns */
  readonly count: number;
  /** the type that it is stored in, as people are told */
  readonly dtype: string;
  /** number type of the rows that it hands out; "F32" for F8 kinds, which are decoded */
  readonly type: string;
  /** number type on whose grid its values lie; null if it is computed from several numbers, and no rounding null applies */
  readonly grid: string | null;
  /** "FP8, blocks of 128" if it is made of codes and scales */
  readonly quantised?: string;
  /** every entry that it is made of: with the files' stamps a key for caches */
  readonly entries: readonly StorageEntry[];
  /** bytes in the files, scales and all; of a part its share */
  readonly storedBytes: number;
  /** The entry whose elements, from `first` on, are this weight's own, row by row; null if it is not one run of codes. */
  readonly stored: { entry: StorageEntry; first: number } | null;
  /** what is read at one go at little cost: rows; or columns, so that a row crosses the whole of it (a transpose) */
  readonly order: 'rows' | 'columns';
  /**
   * An area in row-major order into `target`: its number of weights times the bytes of `type`, aligned to its elements. May take scratch
   * of 8 MiB. Throws read-failed and bad-file (naming tensor and file), cancelled.
   */
  readRows(area: Area, target: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** What rows are read from: a weight, or the codes of one. */
export type RowSource = Pick<Weight, 'name' | 'rows' | 'columns' | 'order' | 'type' | 'readRows'>;

/** Two weights of one shape, and whether they have a spectrum, or the reason why not. N runs of one base are N lists of these. */
export interface WeightPair {
  /** the base's name */
  readonly name: string;
  /** Weights that many pairs make anew when they are asked for: take them once. */
  readonly base: Weight;
  readonly tuned: Weight;
  /** weights of each side */
  readonly count: number;
  readonly spectral: boolean;
  /** why not spectral */
  readonly reason?: string;
}
