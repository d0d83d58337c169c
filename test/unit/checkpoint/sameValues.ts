/** Two checkpoints that stand for the same numbers, whatever types they are stored in. */
import { expect } from 'vitest';
import { readMatrix, wholeWeight, type Checkpoint, type Weight } from '../../../src/checkpoint/index.ts';
import { castCodes, type MatrixType } from '../../../src/numbers/index.ts';

export async function valuesOf(weight: Weight): Promise<Float64Array> {
  const values = new Float64Array(weight.count);
  castCodes(weight.type as MatrixType, await readMatrix(weight), 'F64', new Uint8Array(values.buffer));
  return values;
}

/** Every tensor of `twin`, to the bit; an area out of its middle too. */
export async function expectSameValues(checkpoint: Checkpoint, twin: Checkpoint): Promise<void> {
  expect([...checkpoint.tensors.keys()].sort()).toEqual([...twin.tensors.keys()].sort());
  for (const row of twin.tensors.values()) {
    const own = checkpoint.tensors.get(row.name);
    if (!own) continue;
    expect(own.shape, row.name).toEqual(row.shape);
    const weight = wholeWeight(checkpoint, own);
    const expected = await valuesOf(wholeWeight(twin, row));
    expect(await valuesOf(weight), row.name).toEqual(expected);
    const { rows, columns } = weight;
    const [from, to] = [Math.floor(columns / 3), columns - 1];
    if (to <= from || weight.type !== 'F32') continue;
    const area = new Float32Array(to - from);
    await weight.readRows({ rows: [rows - 1, rows], columns: [from, to] }, new Uint8Array(area.buffer));
    expect(Float64Array.from(area), `${row.name}, an area`).toEqual(
      expected.subarray((rows - 1) * columns + from, (rows - 1) * columns + to),
    );
  }
}
