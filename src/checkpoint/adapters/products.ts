/** Updates that scale W0 by rows or columns, or add a product that is not of two thin factors. */
import { need, product, productRow, type Factor, type Factors, type RowUpdate } from './factors.ts';

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

function wholeFactor(factors: Factors, name: string): Factor {
  return factors.get(name) ?? product(need(factors, `${name}_a`), need(factors, `${name}_b`));
}
