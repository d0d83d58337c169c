/** The few float64 matrix operations that the reference needs, without blocking or tricks. */

/** Row-major. */
export interface Dense {
  rows: number;
  columns: number;
  data: Float64Array;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

export function transpose({ rows, columns, data }: Dense): Dense {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j] as number;
  return { rows: columns, columns: rows, data: result };
}

/** Row i, without a copy. */
export function row({ columns, data }: Dense, i: number): Float64Array {
  return data.subarray(i * columns, (i + 1) * columns);
}

/** Column j as an array of its own. */
export function column({ rows, columns, data }: Dense, j: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => data[i * columns + j] as number);
}

/** Euclidean norms of vectors. */
export function columnNorms(vectors: readonly Float64Array[]): Float64Array {
  return Float64Array.from(vectors, (vector) => Math.sqrt(dot(vector, vector)));
}

/** sum_j coefficients_j * vectors_j, of length `length`. */
export function fromColumns(
  vectors: readonly Float64Array[],
  coefficients: Float64Array,
  length: number,
): Float64Array {
  const result = new Float64Array(length);
  for (const [j, vector] of vectors.entries()) {
    const factor = coefficients[j] ?? 0;
    for (let i = 0; i < length; i++) result[i] = (result[i] as number) + factor * (vector[i] as number);
  }
  return result;
}

/** a' b for lists of vectors: [a.length, b.length]. */
export function inner(a: readonly Float64Array[], b: readonly Float64Array[]): Dense {
  const data = new Float64Array(a.length * b.length);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) data[i * b.length + j] = dot(x, y);
  return { rows: a.length, columns: b.length, data };
}

/** M v for each vector v. */
export function apply(matrix: Dense, vectors: readonly Float64Array[]): Float64Array[] {
  return vectors.map((v) => Float64Array.from({ length: matrix.rows }, (_, i) => dot(row(matrix, i), v)));
}

/** Vectors as the rows of a matrix. */
export function stack(vectors: readonly Float64Array[]): Dense {
  const columns = vectors[0]?.length ?? 0;
  const data = new Float64Array(vectors.length * columns);
  for (const [i, vector] of vectors.entries()) data.set(vector, i * columns);
  return { rows: vectors.length, columns, data };
}
