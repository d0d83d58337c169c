/** Updates that are a product of two thin factors, D = s left right, and what DoRA does to the sum. */
import type { Weight } from '../weight.ts';
import { added, need, transposed, type Factor, type Factors, type RowUpdate } from './factors.ts';
import { rowsOf } from './rowsOf.ts';

/** left [out, r] and right [r, in] of D = s left right. */
export interface ThinProduct {
  left: Factor;
  right: Factor;
}

/** One product less the other, as a product of the ranks of both together. */
export function lessOther(
  one: ThinProduct & { scale: number },
  other: ThinProduct & { scale: number },
): ThinProduct & { scale: number } {
  const [a, b] = [one.left, other.left];
  const columns = a.columns + b.columns;
  const left = new Float64Array(a.rows * columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) left[i * columns + k] = one.scale * (a.values[i * a.columns + k] as number);
    for (let k = 0; k < b.columns; k++)
      left[i * columns + a.columns + k] = -other.scale * (b.values[i * b.columns + k] as number);
  }
  const right = new Float64Array(one.right.values.length + other.right.values.length);
  right.set(one.right.values);
  right.set(other.right.values, one.right.values.length);
  return {
    left: { rows: a.rows, columns, values: left },
    right: { rows: one.right.rows + other.right.rows, columns: one.right.columns, values: right },
    scale: 1,
  };
}

/** LoRA (arXiv 2106.09685): B A. Of a convolution the kernel lies in one factor: D[o, (i, y, x)] = sum B[o, k] A[k, (i, y, x)]. */
export function ofLora(factors: Factors): ThinProduct {
  return { left: need(factors, 'lora_B'), right: need(factors, 'lora_A') };
}

/**
 * LoCon's CP form (LyCORIS, lycoris/functional/general.py rebuild_tucker): D[o, i, y, x] = sum up[o, p] mid[p, q, y, x] down[q, i], the
 * core [p, (q, y, x)] joined with the second factor.
 */
export function ofLocon(factors: Factors): ThinProduct {
  const [up, mid, down] = [need(factors, 'lora_B'), need(factors, 'lora_mid'), need(factors, 'lora_A')];
  const [q, inside] = [down.rows, down.columns];
  const kernel = mid.columns / q;
  const values = new Float64Array(mid.rows * inside * kernel);
  for (let p = 0; p < mid.rows; p++)
    for (let k = 0; k < q; k++)
      for (let i = 0; i < inside; i++)
        for (let y = 0; y < kernel; y++) {
          const at = (p * inside + i) * kernel + y;
          const core = mid.values[p * mid.columns + k * kernel + y] as number;
          values[at] = (values[at] as number) + core * (down.values[k * inside + i] as number);
        }
  return { left: up, right: { rows: mid.rows, columns: inside * kernel, values } };
}

/** MLX (mlx_lm/tuner/lora.py): lora_a [in, r], lora_b [r, out]; of an embedding [tokens, r] and [r, width]. */
export function ofMlx(factors: Factors, embedding: boolean): ThinProduct {
  const [a, b] = [need(factors, 'lora_a'), need(factors, 'lora_b')];
  return embedding ? { left: a, right: b } : { left: transposed(b), right: transposed(a) };
}

/** PEFT's embeddings: lora_embedding_A [r, tokens], lora_embedding_B [width, r]; D = (B A)'. */
export function ofEmbedding(factors: Factors): ThinProduct {
  return {
    left: transposed(need(factors, 'lora_embedding_A')),
    right: transposed(need(factors, 'lora_embedding_B')),
  };
}

/** AdaLoRA (arXiv 2303.10512): P Lambda Q, as PEFT keeps them B [out, r], E [r, 1], A [r, in]. */
export function ofAdaLora(factors: Factors): ThinProduct {
  return { left: need(factors, 'lora_B'), right: rowScaled(need(factors, 'lora_A'), need(factors, 'lora_E').values) };
}

/** VeRA (arXiv 2310.11454): diag(b) B diag(d) A, with the first `out` rows and `in` columns of projections that all modules share. */
export function ofVera(factors: Factors, inside: number): ThinProduct {
  const [a, b] = [need(factors, 'vera_A'), need(factors, 'vera_B')];
  const own = new Float64Array(a.rows * inside);
  for (let k = 0; k < a.rows; k++) own.set(a.values.subarray(k * a.columns, k * a.columns + inside), k * inside);
  const outs = need(factors, 'vera_lambda_b').values;
  const left = { rows: outs.length, columns: b.columns, values: b.values.subarray(0, outs.length * b.columns) };
  return {
    left: rowScaled(left, outs),
    right: rowScaled({ rows: a.rows, columns: inside, values: own }, need(factors, 'vera_lambda_d').values),
  };
}

function rowScaled({ rows, columns, values }: Factor, by: Float64Array): Factor {
  return { rows, columns, values: values.map((value, at) => value * (by[Math.floor(at / columns)] as number)) };
}

/** DoRA (arXiv 2402.09353): each row of W0 + D, scaled to the length that it has learnt. */
export function withMagnitudes({ left, right }: ThinProduct, scale: number, magnitudes: Factor): RowUpdate {
  const add = added(left, right, scale);
  return (row, values) => {
    add(row, values);
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const factor = (magnitudes.values[row] as number) / norm;
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) * factor;
  };
}

/**
 * The same with a length for every column: PEFT's DoRA of an embedding (tuners/lora/variants.py DoraEmbeddingVariant), and LyCORIS's with
 * a dora_scale [1, in]. The lengths come from one pass over the base.
 */
export async function withColumnMagnitudes(
  { left, right }: ThinProduct,
  scale: number,
  magnitudes: Factor,
  base: Weight,
  signal?: AbortSignal,
): Promise<RowUpdate> {
  const add = added(left, right, scale);
  const squares = new Float64Array(base.columns);
  for await (const { first, values } of rowsOf(base, signal))
    for (let at = 0; at * base.columns < values.length; at++) {
      const row = values.subarray(at * base.columns, (at + 1) * base.columns);
      add(first + at, row);
      for (let j = 0; j < row.length; j++) squares[j] = (squares[j] as number) + (row[j] as number) ** 2;
    }
  const factors = squares.map((square, j) => (magnitudes.values[j] as number) / Math.sqrt(square));
  return (row, values) => {
    add(row, values);
    for (let j = 0; j < values.length; j++) values[j] = (values[j] as number) * (factors[j] as number);
  };
}
