/** Values, pictures and exports of single tensors: what the pages ask for, and what the engine answers. */
import type { WireError } from './errors.ts';

/**
 * Values in one request, for the grid and for copying: a screen holds a few hundred, and as text this many are about 1 MB, which the
 * clipboard and whatever it is pasted into still take at once.
 */
export const MAX_VALUES = 65_536;
/** Pixels a side of a picture: more than a screen has for it, and under 13 MB of figures. */
export const MAX_PICTURE_SIDE = 1024;

/** Rows and columns, each from the first to the one after the last. */
export interface Rectangle {
  rows: [from: number, to: number];
  columns: [from: number, to: number];
}
/** A plane of a tensor as it is stored: its last two axes, at one index on each axis before them. A vector is one column. */
export interface Plane {
  tensor: string;
  /** one index for each axis but the last two; empty up to two axes */
  slice: number[];
}

/** `codes`: of a quantised weight not its values, but the codes that the file holds, in planes of their own shape. */
export type ValuesRequest = Plane & Rectangle & { codes?: boolean };
export interface ValuesBlock extends Rectangle {
  dtype: string;
  /** row-major; complex numbers as two, real and imaginary; 64-bit integers rounded to float64 */
  values: Float64Array;
  /** the stored codes, row-major, one for each element, low bits first; empty if the values are computed from several numbers */
  codes: BigUint64Array;
}

/** `update`: W1 - W0. `changed`: 1 if the weight changed on the grid of the storage type (METRICS.md), else 0. */
export type PictureKind = 'values' | 'magnitude' | 'update' | 'changed';
export type PictureSource =
  ({ kind: 'values' | 'magnitude' } & Plane) | { kind: 'update' | 'changed'; /** name of the pair */ pair: string };
export type PictureRequest = Rectangle & {
  source: PictureSource;
  /** most pixels, at most MAX_PICTURE_SIDE */ width: number;
  height: number;
};

/** Figures of the finite values of a line of weights for one pixel of a profile; NaN if there is none. */
export interface Profile {
  /** mean over the lines of the pixel, and the least and the largest of them */
  mean: Float32Array;
  min: Float32Array;
  max: Float32Array;
}
/**
 * Pixel (y, x) of height x width covers rows from + floor(y R / height) to from + floor((y + 1) R / height), R the number of rows, and
 * columns alike. Float32 but for F64 tensors.
 */
export interface Picture extends Rectangle {
  kind: PictureKind;
  width: number;
  height: number;
  /** over the finite weights of a pixel; NaN if it has none */
  mean: Float32Array | Float64Array;
  min: Float32Array | Float64Array;
  max: Float32Array | Float64Array;
  /** NaN and infinities of a pixel; null if there is none in the whole picture */
  notFinite: Uint32Array | null;
  /** mean |value| (the share of changed weights for `changed`) of each row and column, within the rectangle */
  rowProfile: Profile;
  columnProfile: Profile;
  elapsedMs: number;
}
export type PictureEvent =
  { type: 'progress'; done: number; total: number; secondsLeft: number | null } | { type: 'picture'; picture: Picture };

export type ExportFormat = 'npy' | 'safetensors';
export interface ExportRequest {
  path: string;
  tensor: string;
  destination: string;
  format: ExportFormat;
}
export type ExportEvent =
  | { type: 'progress'; /** bytes */ done: number; total: number }
  | { type: 'written'; /** the type in the file: F32 if .npy does not have ours */ dtype: string; sizeBytes: number };

// ---------- between a page and the host ----------
/** `id`: chosen by the page; every `values` and `picture` ends with one reply of that id that is not `progress`. */
export type MatrixRequest =
  | ({ type: 'values'; id: number } & ValuesRequest)
  | ({ type: 'picture'; id: number } & PictureRequest)
  | { type: 'cancel'; id: number }
  | { type: 'copy'; text: string; what: string }
  | { type: 'export'; tensor: string };
export type MatrixReply =
  | { type: 'values'; id: number; block: ValuesBlock }
  | { type: 'progress'; id: number; done: number; total: number; secondsLeft: number | null }
  | { type: 'picture'; id: number; picture: Picture }
  | { type: 'failed'; id: number; error: WireError };
