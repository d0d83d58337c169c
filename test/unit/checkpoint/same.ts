/** Two checkpoints that hold the same tensors, byte by byte. */
import { expect } from 'vitest';
import type { Checkpoint } from '../../../src/checkpoint/index.ts';

/** Everything in `twin` is in `checkpoint` under its name, of its type and shape and with its bytes, read whole and in odd pieces; beyond that only `more`. */
export async function expectSame(
  checkpoint: Checkpoint,
  twin: Checkpoint,
  more: readonly string[] = [],
): Promise<void> {
  expect([...checkpoint.tensors.keys()].sort()).toEqual([...twin.tensors.keys(), ...more].sort());
  for (const row of twin.tensors.values()) {
    const own = checkpoint.tensors.get(row.name);
    if (!own) continue;
    const { name, dtype, shape, sizeBytes } = row;
    expect({ name, dtype: own.dtype, shape: own.shape, sizeBytes: own.sizeBytes }).toEqual({
      name,
      dtype,
      shape,
      sizeBytes,
    });
    const [bytes, expected] = [new Uint8Array(sizeBytes), new Uint8Array(sizeBytes)];
    await checkpoint.read(own, 0, bytes);
    await twin.read(row, 0, expected);
    expect(Buffer.compare(bytes, expected), name).toBe(0);
    // Pieces that begin and end within rows, and within elements.
    for (let from = 0, length = 1; from < sizeBytes; from += length, length = length * 3 + 5) {
      const piece = new Uint8Array(Math.min(length, sizeBytes - from));
      await checkpoint.read(own, from, piece);
      expect(Buffer.compare(piece, expected.subarray(from, from + piece.length)), `${name} from ${from}`).toBe(0);
    }
  }
}
