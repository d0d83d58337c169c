/** Updates that scale W0 by rows or columns, or add a product that is not of two thin factors. */
import { need, product, productRow, transposed, type Factor, type Factors, type RowUpdate } from './factors.ts';
import type { ThinProduct } from './lowRank.ts';

/** IA3 (arXiv 2205.05638): [out, 1] scales the outputs, [1, in] the inputs. */
export function scaled(factors: Factors): RowUpdate {
  const { columns, values: factor } = need(factors, 'ia3_l');
  return (row, values) => {
    for (let j = 0; j < values.length; j++)
      values[j] = (values[j] as number) * (factor[columns === 1 ? row : j] as number);
  };
}

/** LoHa (arXiv 2108.06098): W0 + s (w1a w1b) o (w2a w2b). */
export function hadamard(factors: Factors, scale: number): RowUpdate {
  const columns = need(factors, 'hada_w1_b').columns;
  const [one, two] = [new Float64Array(columns), new Float64Array(columns)];
  return (row, values) => {
    productRow(need(factors, 'hada_w1_a'), need(factors, 'hada_w1_b'), row, one);
    productRow(need(factors, 'hada_w2_a'), need(factors, 'hada_w2_b'), row, two);
    for (let j = 0; j < values.length; j++)
      values[j] = (values[j] as number) + scale * (one[j] as number) * (two[j] as number);
  };
}

/** The same as a product of two thin factors of rank r1 r2: (w1a w1b) o (w2a w2b), row by row and column by column. */
export function ofLoha(factors: Factors): ThinProduct {
  const [a1, b1] = [need(factors, 'hada_w1_a'), need(factors, 'hada_w1_b')];
  const [a2, b2] = [need(factors, 'hada_w2_a'), need(factors, 'hada_w2_b')];
  return { left: rowByRow(a1, a2), right: transposed(rowByRow(transposed(b1), transposed(b2))) };
}

/** [rows, r1 r2]: all products of a row's numbers of one with those of the other. */
function rowByRow(one: Factor, other: Factor): Factor {
  const columns = one.columns * other.columns;
  const values = new Float64Array(one.rows * columns);
  for (let i = 0; i < one.rows; i++)
    for (let a = 0; a < one.columns; a++)
      for (let b = 0; b < other.columns; b++)
        values[i * columns + a * other.columns + b] =
          (one.values[i * one.columns + a] as number) * (other.values[i * other.columns + b] as number);
  return { rows: one.rows, columns, values };
}

/** LoKr (arXiv 2309.14859): W0 + s w1 (x) w2, each whole or a product of two. */
export function kronecker(factors: Factors, scale: number): RowUpdate {
  const [first, second] = [wholeFactor(factors, 'lokr_w1'), wholeFactor(factors, 'lokr_w2')];
  return (row, values) => {
    const a = Math.floor(row / second.rows) * first.columns;
    const b = (row % second.rows) * second.columns;
    for (let j = 0; j < values.length; j++)
      values[j] =
        (values[j] as number) +
        scale *
          (first.values[a + Math.floor(j / second.columns)] as number) *
          (second.values[b + (j % second.columns)] as number);
  };
}

/** The same as a product of two thin factors of rank r1 r2: (U1 V1) (x) (U2 V2) = (U1 (x) U2) (V1 (x) V2). */
export function ofLokr(factors: Factors): ThinProduct {
  const [one, two] = [thinFactor(factors, 'lokr_w1'), thinFactor(factors, 'lokr_w2')];
  return { left: kroneckerProduct(one.left, two.left), right: kroneckerProduct(one.right, two.right) };
}

/** A whole one is its own product with the identity of its shorter side. */
function thinFactor(factors: Factors, name: string): ThinProduct {
  const whole = factors.get(name);
  if (!whole) return { left: need(factors, `${name}_a`), right: need(factors, `${name}_b`) };
  return whole.rows < whole.columns
    ? { left: identity(whole.rows), right: whole }
    : { left: whole, right: identity(whole.columns) };
}

function identity(order: number): Factor {
  const values = new Float64Array(order * order);
  for (let i = 0; i < order; i++) values[i * order + i] = 1;
  return { rows: order, columns: order, values };
}

function kroneckerProduct(one: Factor, other: Factor): Factor {
  const [rows, columns] = [one.rows * other.rows, one.columns * other.columns];
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++)
      values[i * columns + j] =
        (one.values[Math.floor(i / other.rows) * one.columns + Math.floor(j / other.columns)] as number) *
        (other.values[(i % other.rows) * other.columns + (j % other.columns)] as number);
  return { rows, columns, values };
}

function wholeFactor(factors: Factors, name: string): Factor {
  return factors.get(name) ?? product(need(factors, `${name}_a`), need(factors, `${name}_b`));
}
