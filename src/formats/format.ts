/** What a file format is to the rest: which files it claims, and a header read into entries. */
import type { ByteSource } from '../bytes/index.ts';
import type { Problem } from '../protocol/results.ts';

export interface HeaderEntry {
  name: string;
  /** "?" if the entry does not say */
  dtype: string;
  shape: number[];
  /** of the elements that it stands for, packed row by row */
  sizeBytes: number;
  /** first byte in the file; null if the data cannot be read */
  offset: number | null;
  /** how its elements lie, if not packed row by row from `offset` on */
  layout?: Layout;
  /** the whole that this is one process's box of */
  partOf?: { shape: readonly number[]; at: readonly number[] };
  /** the state of an optimizer: listed, not a weight */
  isState?: true;
}
/** Boxes that fill a tensor. */
export interface Layout {
  /** as many elements as the tensor has; another shape than its own if its boxes are cut from all of them in a row */
  shape: readonly number[];
  boxes: readonly Box[];
}
export interface Box {
  /** absent: the file of the entry */
  file?: string;
  /** first byte in the file */
  offset: number;
  shape: readonly number[];
  /** of its first element in the tensor, one number an axis */
  at: readonly number[];
  /** elements from one index to the next, one number an axis; packed row by row if absent */
  strides?: readonly number[];
}
export interface Header {
  /** in the order of the data */
  entries: Map<string, HeaderEntry>;
  metadata: Map<string, string>;
  /** 0 if there is none */
  headerBytes: number;
  problems: Problem[];
}
export interface Format {
  /** "safetensors", as people call it */
  title: string;
  /** of its files, in the order in which loaders look for them; an index that names many of them ends in one and ".index.json" */
  suffixes: readonly [string, ...string[]];
  /** Of files with a single array, which open by their name but are no folder's checkpoint; exports write them. */
  arrays?: readonly string[];
  /** The names of the files in a folder with one checkpoint, without suffix, in the order in which loaders look for them. */
  stems: readonly string[];
  /** Others use the suffixes too: the first bytes decide. */
  shared: boolean;
  /** as many leading bytes as `claims` looks at */
  leadingBytes: number;
  /** Whether a file under another name begins as files of this format do. */
  claims(head: Uint8Array, sizeBytes: number): boolean;
  /** Of its suffix, but no weights: the state of an optimizer, of a scheduler. Left out of a folder's checkpoints. */
  isAside?(name: string): boolean;
  /** `file` is the name for messages. Throws read-failed and cancelled; what is wrong inside is a problem. */
  readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header>;
}
