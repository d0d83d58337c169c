/** A checkpoint on disk, opened by its headers only. */
import type { FileStamp } from '../bytes/index.ts';
import type { Family } from '../families/index.ts';
import type { CheckpointFacts, Coverage, ModelConfig, TensorRow } from '../protocol/engine.ts';
import type { FilePlace } from '../protocol/filePlace.ts';
import type { Problem } from '../protocol/results.ts';
import type { StridedView } from '../protocol/stridedView.ts';
import type { Adapter } from './adapters/types.ts';
import type { StatedShapes } from './config.ts';
import type { Delta } from './deltas/types.ts';
import type { Claim } from './quantised/index.ts';
import type { WeightPair } from './weight.ts';

export interface Checkpoint {
  readonly path: string;
  /** where its files lie */
  readonly folder: string;
  readonly facts: CheckpointFacts;
  readonly config: ModelConfig | null;
  /** what config.json says of the tensors' shapes beside; null without one */
  readonly stated: StatedShapes | null;
  /** how its tensors are named and laid out; null if no family knows it */
  readonly family: Family | null;
  /** what it is if it is not weights, but an update of a base */
  readonly adapter: Adapter | null;
  /** of one that is not weights either, but the change of some: see deltas/ */
  readonly delta?: Delta;
  /** What deltas were put together from, the one that they change first: its weights are read from the files of all of them. */
  readonly madeOf?: readonly Checkpoint[];
  /** of an adapter whose initialisation took something out of its base: itself before training, or what was left of the base */
  readonly beside?: { kind: 'adapter' | 'base'; checkpoint: Checkpoint };
  /** by full name, in file order */
  readonly tensors: ReadonlyMap<string, TensorRow>;
  readonly problems: readonly Problem[];
  /** what the quantised ones among them stand for, by the name of the codes */
  readonly quantised: ReadonlyMap<string, Claim>;
  /** What each file was when its header was read, by its name in the folder; a missing shard has no entry. */
  readonly stamps: ReadonlyMap<string, FileStamp>;
  /**
   * `length` bytes from `offset` inside the tensor's data, into `target` (Uint8Array over an ArrayBuffer or SharedArrayBuffer).
   * Loops over short reads. Throws OffaxisError read-failed (names file, tensor, byte; also if the file
   * has changed since its header was read) or cancelled.
   */
  read(tensor: TensorRow, offset: number, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  /**
   * `work` with where a tensor's bytes lie, one after the other, in a file that is open until it ends. Null, without `work`, if they don't, or
   * it is no file of this machine. Throws read-failed if the file has changed since its header was read.
   */
  direct?<T>(tensor: TensorRow, work: (place: FilePlace) => Promise<T>): Promise<T | null>;
  /** Throws read-failed, naming the file, if one of them is not any more what it was when its header was read. */
  verify(): Promise<void>;
  /** Closes the files that nobody reads now; the next reading opens them again. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A matrix [rows, columns] = [out, in] inside a tensor: the whole of a 2-D tensor, a part of a fused one, one expert of a stack, or a
 * transposed Conv1D.
 */
export interface MatrixView extends StridedView {
  /** tensor name, with "#q", "#gate", "#7" for a part */
  name: string;
  layer: number | null;
  module: string;
  expert: number | null;
}

export interface Pairing {
  pairs: WeightPair[];
  /** `tuned`: the tuned side's name, if both have the tensor and name it in two ways */
  skipped: { name: string; reason: string; tuned?: string }[];
  unpaired: { baseOnly: string[]; tunedOnly: string[] };
  coverage: Coverage;
  /** where the matrices lie that an adapter leaves as they are, one entry each; absent if the tuned side is not an adapter */
  untouched?: { layer: number; module: string }[];
  /** how names or layouts were made to agree, if that needs saying */
  notes: Problem[];
}
