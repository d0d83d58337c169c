/** Slices that processes saved, put together. */
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { codes16, safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';

const CASE = 'test/fixtures/cases/dcp-rank-slices/folder';
const RANKS = [1, 2].map((rank) => `shard-0000${rank}-model-00001-of-00001.safetensors`);
const found = ({ problems }: Checkpoint): string[] => problems.map(({ severity, code }) => `${severity} ${code}`);

/** A row-major tensor of the numbers 0, 1, 2 ... cut into boxes, one a file. */
function saved(shape: number[], boxes: { at: number[]; shape: number[] }[]): Uint8Array[] {
  return boxes.map((box) => {
    const values: number[] = [];
    const walk = (axis: number, element: number): void => {
      if (axis === shape.length) values.push(element);
      else
        for (let i = 0; i < (box.shape[axis] ?? 0); i++)
          walk(axis + 1, element * (shape[axis] ?? 0) + (box.at[axis] ?? 0) + i);
    };
    walk(0, 0);
    const entry: Entry = { dtype: 'BF16', shape: box.shape, data: new Uint8Array(Uint16Array.from(values).buffer) };
    return safetensors({ w: entry }, { DCP_SHARDING_INFO: JSON.stringify({ w: { saved_offsets: box.at } }) });
  });
}

describe("Torch's distributed checkpoints", () => {
  it('with the files of all processes are the model', async () => {
    const checkpoint = await openCheckpoint(CASE);
    expect(checkpoint.facts.parameters).toBe(19_616);
    expect(found(checkpoint)).toEqual(['info dcp-assembled']);
    const row = checkpoint.tensors.get('model.layers.1.mlp.down_proj.weight');
    if (!row) throw new Error('not there');
    expect(row.shape).toEqual([32, 48]);
    // The bytes as each file has them, one half behind the other.
    const halves = RANKS.map((file) => {
      const bytes = readFileSync(join(CASE, file));
      const length = Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: number[] }>;
      const [begin = 0, end = 0] = header[row.name]?.data_offsets ?? [];
      return bytes.subarray(8 + length + begin, 8 + length + end);
    });
    const whole = new Uint8Array(row.sizeBytes);
    await checkpoint.read(row, 0, whole);
    expect(Buffer.from(whole).equals(Buffer.concat(halves))).toBe(true);
    await checkpoint.close();
  });
  it('one file by itself, or with others missing, is said to be a slice', async () => {
    const file = await openCheckpoint(join(CASE, RANKS[0] ?? ''));
    expect(file.facts.parameters).toBe(9808);
    expect(found(file)).toEqual(['warning dcp-slice']);
    await file.close();
    for (const lost of RANKS) {
      const folder = temporaryFolder();
      cpSync(CASE, folder.path, { recursive: true });
      rmSync(join(folder.path, lost));
      const checkpoint = await openCheckpoint(folder.path);
      expect(checkpoint.facts.parameters).toBe(9808);
      expect(found(checkpoint)).toEqual(['warning dcp-slice']);
      await checkpoint.close();
    }
  });
  it.each<[string, number[], { at: number[]; shape: number[] }[]]>([
    [
      'rows, unevenly, one process without any',
      [5, 4],
      [
        { at: [0, 0], shape: [3, 4] },
        { at: [3, 0], shape: [2, 4] },
        { at: [5, 0], shape: [0, 4] },
      ],
    ],
    [
      'columns',
      [4, 6],
      [
        { at: [0, 0], shape: [4, 2] },
        { at: [0, 2], shape: [4, 4] },
      ],
    ],
    [
      'both',
      [4, 6],
      [
        { at: [0, 0], shape: [2, 3] },
        { at: [0, 3], shape: [2, 3] },
        { at: [2, 0], shape: [2, 3] },
        { at: [2, 3], shape: [2, 3] },
      ],
    ],
    [
      'the middle axis of three',
      [3, 4, 2],
      [
        { at: [0, 0, 0], shape: [3, 1, 2] },
        { at: [0, 1, 0], shape: [3, 3, 2] },
      ],
    ],
  ])('reads every range of a tensor cut by %s', async (_, shape, boxes) => {
    const folder = temporaryFolder();
    saved(shape, boxes).forEach((bytes, i) =>
      folder.write(`shard-0000${i + 1}-model-00001-of-00001.safetensors`, bytes),
    );
    const checkpoint = await openCheckpoint(folder.path);
    const row = checkpoint.tensors.get('w');
    if (!row) throw new Error('not there');
    expect(row.shape).toEqual(shape);
    const all = codes16(shape.reduce((a, b) => a * b, 1));
    for (let from = 0; from < all.length; from++)
      for (let to = from + 1; to <= all.length; to += 3) {
        const target = new Uint8Array(to - from);
        await checkpoint.read(row, from, target);
        expect(target).toEqual(all.slice(from, to));
      }
    await checkpoint.close();
  });
  it('boxes with a gap, or that overlap, are not put together', async () => {
    for (const second of [
      { at: [3, 0], shape: [1, 4] },
      { at: [1, 0], shape: [2, 4] },
    ]) {
      const folder = temporaryFolder();
      saved([4, 4], [{ at: [0, 0], shape: [2, 4] }, second]).forEach((bytes, i) =>
        folder.write(`shard-0000${i + 1}-model-00001-of-00001.safetensors`, bytes),
      );
      const checkpoint = await openCheckpoint(folder.path);
      expect(found(checkpoint)).toEqual(['warning dcp-slice']);
      expect(checkpoint.tensors.get('w')?.shape).toEqual([2, 4]);
      await checkpoint.close();
    }
  });
});
