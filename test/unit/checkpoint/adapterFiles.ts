/** Adapters and their bases that a test writes, and the weights that a comparison makes of the two. */
import { expect } from 'vitest';
import { pairAdapter, readMatrix, type Checkpoint } from '../../../src/checkpoint/index.ts';
import { castCodes, type MatrixType } from '../../../src/numbers/index.ts';
import { safetensors, type Entry } from '../formats/build.ts';
import { temporaryFolder } from './folder.ts';
import { openedCheckpoints } from './opened.ts';

const OPTIONS = { includeEmbeddings: true, tensors: null };

/** Writes files into a folder of their own and opens it, or opens a path; closed after the test. */
export function checkpointFolders(): (files: string | Record<string, Uint8Array | object>) => Promise<Checkpoint> {
  const folder = temporaryFolder();
  const open = openedCheckpoints();
  let count = 0;
  const written = (files: Record<string, Uint8Array | object>): string => {
    const name = `writer-${count++}`;
    for (const [file, content] of Object.entries(files)) folder.write(`${name}/${file}`, content);
    return `${folder.path}/${name}`;
  };
  return (files) => open(typeof files === 'string' ? files : written(files));
}

/** Numbers of a fixed sequence in float32, as a tensor and as they are. */
export class Tensor {
  readonly values: Float32Array;
  constructor(
    readonly shape: number[],
    start: number,
  ) {
    const size = shape.reduce((product, side) => product * side, 1);
    this.values = Float32Array.from({ length: size }, (_, i) => Math.sin(start + 1.7 * i));
  }
  at(...place: number[]): number {
    const index = place.reduce((flat, one, axis) => flat * (this.shape[axis] ?? 1) + one, 0);
    return this.values[index] as number;
  }
  get entry(): Entry {
    return { dtype: 'F32', shape: this.shape, data: new Uint8Array(this.values.buffer) };
  }
}
export const number = (value: number): Entry => ({
  dtype: 'F32',
  shape: [],
  data: new Uint8Array(Float32Array.of(value).buffer),
});
export const file = (tensors: Record<string, Tensor | Entry>, metadata?: Record<string, string>): Uint8Array =>
  safetensors(
    Object.fromEntries(Object.entries(tensors).map(([name, one]) => [name, one instanceof Tensor ? one.entry : one])),
    metadata,
  );
export const sum = (length: number, term: (i: number) => number): number =>
  Array.from({ length }, (_, i) => term(i)).reduce((total, one) => total + one, 0);

/** W1 of every weight that the adapter changes, by the base's name of the pair. */
export async function merged(base: Checkpoint, tuned: Checkpoint): Promise<Map<string, Float64Array>> {
  if (!tuned.adapter) throw new Error('It is not an adapter.');
  const { pairs, skipped, unpaired } = pairAdapter(base, tuned, tuned.adapter, OPTIONS);
  expect(skipped.filter(({ reason }) => reason !== 'the adapter does not change it')).toEqual([]);
  expect(unpaired.tunedOnly).toEqual([]);
  const found = new Map<string, Float64Array>();
  for (const { name, tuned: weight } of pairs) {
    const values = new Float64Array(weight.count);
    castCodes(weight.type as MatrixType, await readMatrix(weight), 'F64', new Uint8Array(values.buffer));
    found.set(name, values);
  }
  return found;
}

/** Row by row; both sides are sums of the same float64 products in another order. */
export function expectMatrix(
  found: Float64Array | undefined,
  rows: number,
  columns: number,
  value: (i: number, j: number) => number,
) {
  expect(found?.length).toBe(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) expect(found?.[i * columns + j]).toBeCloseTo(value(i, j), 12);
}
