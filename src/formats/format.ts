/** What a file format is to the rest: which files it claims, and a header read into entries. */
import type { ByteSource } from '../bytes/index.ts';
import type { Problem } from '../protocol/results.ts';

export interface HeaderEntry {
  name: string;
  /** "?" if the entry does not say */
  dtype: string;
  shape: number[];
  sizeBytes: number;
  /** first byte in the file; null if the data cannot be read */
  offset: number | null;
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
  /** of its files, and of an index that names many of them */
  suffix: string;
  indexSuffix: string;
  /** as many leading bytes as `claims` looks at */
  leadingBytes: number;
  /** Whether a file under another name begins as files of this format do. */
  claims(head: Uint8Array, sizeBytes: number): boolean;
  /** `file` is the name for messages. Throws read-failed and cancelled; what is wrong inside is a problem. */
  readHeader(source: ByteSource, file: string, signal?: AbortSignal): Promise<Header>;
}
