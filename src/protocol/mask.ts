/** Masks of weights as files (METRICS section E). */

export const MASK_KINDS = ['principal', 'off-principal', 'low', 'safe', 'geo', 'changed'] as const;
export type MaskKind = (typeof MASK_KINDS)[number];

export interface MaskRequest {
  base: string;
  /** of "changed" only */
  tuned: string | null;
  /** what the base was made on, if it is a delta and that does not lie beside it */
  deltaBase?: string;
  kind: MaskKind;
  /** fraction of a mask */
  alpha: number;
  /** rank of the reconstruction; null: min(64, ceil(q/8)), 16 of "geo" */
  maskRank: number | null;
  /** fraction of "geo" */
  rho: number;
  /** glob over names, null for all */
  tensors: string | null;
  /** eight weights a byte, the first in the lowest bit */
  packed: boolean;
  destination: string;
}
/** GeoRA's (arXiv 2601.09361). */
export const DEFAULT_RHO = 0.2;
export const GEO_RANK = 16;

/** Entry of the metadata that holds the recipe as JSON: `MaskRecipe`. */
export const MASK_KEY = 'offaxis.mask';
export interface MaskRecipe extends Omit<MaskRequest, 'destination'> {
  schema: 'offaxis.mask/1';
  /** of packed masks: the shapes of their weights, by name */
  shapes?: Record<string, readonly number[]>;
  /** tensors that a cap on memory had no room for */
  leftOut?: readonly string[];
}

/** A tensor without a mask. */
export interface MaskSkipped {
  name: string;
  reason: string;
  /** a cap on memory has no room for it */
  beyond?: true;
}
export type MaskEvent =
  | { type: 'plan'; tensors: number; weights: number; sizeBytes: number; skipped: MaskSkipped[] }
  /** illDefined: parts whose reconstruction is not determined (METRICS) */
  | { type: 'tensor'; name: string; weights: number; ones: number; illDefined: string[] }
  | { type: 'written'; files: string[]; sizeBytes: number }
  | { type: 'progress'; done: number; total: number; secondsLeft: number | null };
