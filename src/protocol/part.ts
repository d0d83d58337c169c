/** One part of a comparison that several machines share: what `offaxis compare --shard I/N` writes and `offaxis gather` puts together. */
import type { ComparisonPlan, MatrixDetail } from './engine.ts';
import type { WireError } from './errors.ts';
import type { BackendInfo, ComparisonParameters, ComparisonTensor } from './results.ts';

/** Part `index` of `of`, counted from 1. */
export interface Shard {
  index: number;
  of: number;
}
/** One file that a side was read from. */
export interface InputFile {
  /** its name from the checkpoint's folder; an earlier version of a delta lies beside that */
  file: string;
  sizeBytes: number;
  /** SHA-256 over its size, its beginning, its end and blocks between: see src/analysis/inputs.ts */
  sampleSha256: string;
}
export interface Inputs {
  base: InputFile[];
  tuned: InputFile[];
}
/** offaxis.part/1: the manifest (which part, of what, by which version) and the results. */
export interface ComparisonPart {
  schema: 'offaxis.part/1';
  /** version of Offaxis */
  engine: string;
  shard: Shard;
  inputs: Inputs;
  parameters: ComparisonParameters;
  backend: BackendInfo;
  plan: ComparisonPlan;
  tensors: ComparisonTensor[];
  /** [] unless profiles were asked for */
  details: MatrixDetail[];
  failed: { name: string; error: WireError }[];
}
