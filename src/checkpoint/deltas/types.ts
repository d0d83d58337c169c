/**
 * What a trainer sends of its weights between two steps: of each tensor that changed, the change of its bytes, compressed. It is a
 * checkpoint only together with the one that it was made on.
 */
import type { TensorRow } from '../../protocol/engine.ts';

/** `xor`: the new bytes xor the old ones. `overwrite`: how many bytes change, which (each a uint32), and their new values. */
export const ENCODINGS = ['xor', 'overwrite'] as const;
export type Encoding = (typeof ENCODINGS)[number];
export const CHECKSUMS = ['xxh3-128', 'blake3', 'adler32', 'sha256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUMS)[number];

export interface DeltaTensor {
  /** the entry with the compressed bytes */
  payload: TensorRow;
  /** of the tensor's new bytes, lower-case hexadecimal */
  checksum: { algorithm: ChecksumAlgorithm; digest: string };
  /** bytes of the tensor; null if the writer does not say */
  sizeBytes: number | null;
}
export interface Delta {
  /** "slime", "SkyRL" */
  writer: string;
  version: number;
  /** it changes the weights of this version; 0 is what training began from */
  baseVersion: number;
  encoding: Encoding;
  /** by the name of the tensor that they change */
  tensors: ReadonlyMap<string, DeltaTensor>;
}
