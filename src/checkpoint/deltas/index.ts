/** Deltas that trainers publish, as checkpoints. */
export { applyDeltas, isDelta, type DeltaCheckpoint } from './applied.ts';
export { versionBefore } from './chain.ts';
export { indexDelta, manifestDelta, readManifest } from './read.ts';
export type { Delta } from './types.ts';
