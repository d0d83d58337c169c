/** Checkpoints: shards, names and families, matrices inside tensors, pairing. */
export { parseModelConfig } from './config.ts';
export { checkpointsAt, SeveralCheckpoints } from './discover.ts';
export { matchesGlob } from './glob.ts';
export { applyDeltas, isDelta, versionBefore, type DeltaCheckpoint } from './deltas/index.ts';
export { CastWeight, uncast } from './cast.ts';
export { gridOf } from './grid.ts';
export { isRefused, openCheckpoint } from './open.ts';
export { updatesAlone, type AloneUpdate } from './adapters/alone.ts';
export { costOf, overBase, type OverBase } from './adapters/overBase.ts';
export { AdaptedWeight } from './adapters/adaptedWeight.ts';
export { baseMissing, findBase, type BaseSearch } from './adapters/findBase.ts';
export { pairAdapter } from './adapters/pairAdapter.ts';
export { pairCheckpoints } from './pair.ts';
export type { PairOptions } from './pairOf.ts';
export { SharedBuffers } from './buffers.ts';
export { readChunks, readMatrix, slabBytes, weightsOfChunk, type Chunk, type ChunkOptions } from './read.ts';
export { quantisationText } from './quantised/index.ts';
export { isReadable } from './rows.ts';
export { readsBaseReordered } from './rotary.ts';
export { ScaledWeight } from './scaled.ts';
export { runOf, stepsIn, type Run, type Step } from './steps.ts';
export { StoredWeight } from './stored.ts';
export type { Checkpoint, MatrixView, Pairing } from './types.ts';
export { flatView, matrixViews } from './views.ts';
export type { Area, Place, RowSource, StorageEntry, Weight, WeightPair } from './weight.ts';
export {
  codesPlane,
  flatWeight,
  matricesOf,
  planeWeight,
  readableTensor,
  storedTensor,
  wholeWeight,
} from './weights.ts';
