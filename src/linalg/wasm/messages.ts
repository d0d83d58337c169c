/** What passes between the pool and its threads. Byte arrays are views of shared memory. */
import type {
  AlignmentOptions,
  AlignmentQuantities,
  BandFactors,
  ChunkStats,
  ComparedChunk,
  LeadingQuantities,
  LeadingStart,
  Matrix,
  PairOptions,
  PairQuantities,
  RefinedLeading,
  UpperBand,
} from '../backend.ts';
import type { FilePlace } from '../../protocol/filePlace.ts';
import type { GridName, GridSpec, MatrixType } from '../../numbers/index.ts';
import type { WireError } from '../../protocol/errors.ts';
import type { AgreeingSide, AgreeingSums } from '../agreeing.ts';
import type { SharedParts } from './shares.ts';

/** Slots of the Int32Array that the pool shares with a thread. */
export const CANCEL_SLOT = 0;

export interface WorkerSetup {
  module: WebAssembly.Module;
  /** Int32Array of one slot: not 0 when the task in progress is to stop */
  control: SharedArrayBuffer;
}
export type PairSettings = Omit<PairOptions, 'signal'>;
export interface CompareSettings {
  grid: GridSpec;
  eta: number;
  absoluteTolerance: number;
  columns: number;
}
export interface PairInput {
  base: Matrix;
  tuned: Matrix;
  options: PairSettings;
  /** null: no other thread helps */
  shares: SharedParts | null;
}
/** The tasks a thread does, with their results. */
export interface Tasks {
  singularValues: { input: { matrix: Matrix }; output: Float64Array };
  comparePair: { input: PairInput; output: PairQuantities };
  alignPair: {
    input: { base: Matrix; tuned: Matrix; options: Omit<AlignmentOptions, 'signal'> };
    output: AlignmentQuantities;
  };
  /** parts of a comparePair that is at work on another thread, for threads with nothing else to do */
  tunedSide: { input: PairInput; output: undefined };
  updateValues: { input: PairInput; output: Float64Array | null };
  twin: { input: { base: Matrix; seed: bigint; norm: number; grid: GridName | null }; output: Matrix };
  /** the float64 end of a device's work */
  band: { input: { band: UpperBand; vectors: number }; output: BandFactors };
  refine: {
    input: { base: Matrix; start: LeadingStart; options: PairSettings; tuned?: Matrix };
    output: RefinedLeading;
  };
  leading: {
    input: { base: Matrix; tuned: Matrix; start: LeadingStart; options: PairSettings };
    output: LeadingQuantities;
  };
  stats: { input: { type: MatrixType; data: Uint8Array }; output: ChunkStats };
  histogram: { input: { type: MatrixType; data: Uint8Array; min: number; max: number }; output: Float64Array };
  agreeing: { input: { sides: AgreeingSide[] }; output: AgreeingSums };
  compare: {
    input: {
      baseType: MatrixType;
      base: Uint8Array;
      tunedType: MatrixType;
      tuned: Uint8Array;
      options: CompareSettings;
    };
    output: ComparedChunk;
  };
  compareFiles: {
    input: {
      baseType: MatrixType;
      base: FilePlace;
      tunedType: MatrixType;
      tuned: FilePlace;
      weights: number;
      options: CompareSettings;
    };
    output: ComparedChunk | null;
  };
}
export type TaskName = keyof Tasks;
export type Request = { [T in TaskName]: { id: number; task: T; input: Tasks[T]['input'] } }[TaskName];
export type Reply = { id: number; output: unknown } | { id: number; error: WireError };
