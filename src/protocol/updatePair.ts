/** Two updates of one base beside each other, an adapter's and another's: METRICS section D. */
import type { AdapterFacts } from './adapter.ts';

export interface UpdatePair {
  name: string;
  layer: number | null;
  module: string;
  shape: [rows: number, columns: number];
  /** norm_F of both */
  updateNorms: [number, number];
  /** null if one of them is 0 */
  updateCosine: number | null;
  /** of the cosine of independent isotropic updates, whose mean is 0: 1 / sqrt(m n) */
  cosineDeviation: number;
  /** of the leading min(16, q) right singular vectors; null if a D has fewer directions, or is not a product of thin factors */
  subspaceSimilarity: number | null;
  /** what two random subspaces of that size share */
  subspaceChance: number;
  /** why a figure is null, one sentence each */
  reasons: string[];
}
export interface UpdatePairsResult {
  schema: 'offaxis.updates/1';
  one: string;
  other: string;
  /** null if both are known without it */
  base: string | null;
  /** null of weights */
  adapters: [AdapterFacts | null, AdapterFacts | null];
  matrices: UpdatePair[];
  /** of both updates, over the matrices that both change */
  model: { updateNorms: [number, number]; updateCosine: number | null };
  /** what only one of them changes, or what is not known */
  skipped: { name: string; reason: string }[];
}
export type UpdatePairEvent =
  | { type: 'matrix'; value: UpdatePair }
  | { type: 'skipped'; value: { name: string; reason: string } }
  | { type: 'progress'; done: number; total: number };
