/** A tuned checkpoint as what changed of its base: what a patch file says in its metadata, and what is told while one is made or applied. */
import type { StridedView } from './stridedView.ts';

export interface PatchSource {
  /** name of a tensor of the base */
  tensor: string;
  /** the part of it; absent for all of it in the order of its storage */
  view?: StridedView;
}
export interface PatchTensor {
  name: string;
  dtype: string;
  shape: number[];
  /** of the tuned tensor's bytes, hexadecimal */
  sha256: string;
  /** what it was made from, one behind the other; null if the patch holds it whole */
  from: PatchSource[] | null;
  /** elements (bytes, of types with several elements a byte) that the patch sets; 0 if it is as in the base */
  changed: number;
}
/** Entry `offaxis.patch` of the metadata, as JSON. */
export interface PatchRecipe {
  schema: 'offaxis.patch/1';
  /** SHA-256 of the bytes of every tensor of the base that something is taken from, by name */
  base: Record<string, string>;
  /** of the tuned checkpoint's own metadata */
  metadata: Record<string, string>;
  /** in the order in which they are written */
  tensors: PatchTensor[];
  /** tensors of the base that the tuned checkpoint does not have */
  removed: string[];
}
export const PATCH_KEY = 'offaxis.patch';
export const indicesOf = (name: string): string => `${name}#indices`;
export const valuesOf = (name: string): string => `${name}#values`;

export interface DiffRequest {
  base: string;
  tuned: string;
  /** what deltas among them were made on, if it does not lie beside them; by default `base`, of the tuned side */
  deltaBase?: string;
  destination: string;
}
export interface ApplyRequest {
  base: string;
  patch: string;
  /** what the base was made on, if it is a delta and that does not lie beside it */
  deltaBase?: string;
  destination: string;
}
export interface DiffPlan {
  /** of the file that will be written, of the tuned checkpoint's tensors */
  patchBytes: number;
  tunedBytes: number;
  /** elements that differ, of those that are compared */
  changed: number;
  compared: number;
  tensors: { unchanged: number; sparse: number; whole: number };
  removed: string[];
}
export type DiffEvent =
  | { type: 'plan'; plan: DiffPlan }
  | { type: 'written'; sizeBytes: number }
  | { type: 'progress'; phase: 'compare' | 'hash' | 'write'; done: number; total: number; secondsLeft: number | null };
export type ApplyEvent =
  | { type: 'plan'; sizeBytes: number; tensors: number; removed: string[] }
  | { type: 'written'; files: string[]; sizeBytes: number }
  | { type: 'progress'; phase: 'hash' | 'write'; done: number; total: number; secondsLeft: number | null };
