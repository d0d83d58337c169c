import { describe, expect, it } from 'vitest';
import { createReferenceBackend } from '../../../src/linalg/reference/index.ts';
import { svd } from '../../../src/linalg/reference/svd.ts';
import { coreOf, innerProduct, matrixOf, sumOf, type Block, type ThinMatrix } from '../../../src/linalg/thin.ts';
import { gaussian } from '../matrices.ts';

/** Against the product multiplied out. */
const block = (rows: number, columns: number, values: Float64Array): Block => ({ rows, columns, values });
const thin = (m: number, r: number, n: number, seed: number, scale = 1.5): ThinMatrix => ({
  left: block(m, r, gaussian(m, r, seed)),
  right: block(r, n, gaussian(r, n, seed + 1)),
  scale,
});
function multiplied({ left, right, scale }: ThinMatrix): Block {
  const values = new Float64Array(left.rows * right.columns);
  for (let i = 0; i < left.rows; i++)
    for (let k = 0; k < left.columns; k++)
      for (let j = 0; j < right.columns; j++) {
        const at = i * right.columns + j;
        const term = (left.values[i * left.columns + k] as number) * (right.values[k * right.columns + j] as number);
        values[at] = (values[at] as number) + scale * term;
      }
  return block(left.rows, right.columns, values);
}
const backend = createReferenceBackend();
const valuesOf = (matrix: Block): Promise<Float64Array> => backend.singularValues(matrixOf(matrix), {});

/** Equal columns and a zero one: R is singular. */
function deficient(): ThinMatrix {
  const matrix = thin(20, 4, 15, 40);
  for (let i = 0; i < 20; i++) {
    matrix.left.values[i * 4 + 1] = matrix.left.values[i * 4] as number;
    matrix.left.values[i * 4 + 3] = 0;
  }
  return matrix;
}

describe.each([
  ['tall', thin(40, 4, 12, 1)],
  ['wide', thin(7, 3, 50, 2)],
  ['of rank one', thin(9, 1, 5, 3)],
  ['of more rank than sides', thin(5, 9, 30, 4)],
  ['of more rank than both sides', thin(4, 11, 6, 5)],
  ['rank-deficient', deficient()],
  ['zero', { ...thin(8, 2, 6, 6), scale: 0 }],
])('a thin product, %s', (_name, matrix) => {
  const whole = multiplied(matrix);
  it('has the singular values of its core, and no others', async () => {
    const { core } = await coreOf(matrix);
    expect(core.rows * core.columns).toBeLessThanOrEqual(Math.max(1, matrix.left.columns) ** 2);
    const [found, expected] = [await valuesOf(core), await valuesOf(whole)];
    const largest = expected[0] ?? 0;
    expected.forEach((value, i) => expect(Math.abs((found[i] ?? 0) - value)).toBeLessThanOrEqual(1e-13 * largest));
  });
  it('has the right directions of its core, unfolded', async () => {
    const { core, inputs } = await coreOf(matrix);
    const { right: v, values } = svd({ rows: core.rows, columns: core.columns, data: core.values });
    const rank = values.filter((s) => s > 1e-10 * (values[0] ?? 0)).length;
    for (const [i, direction] of inputs(v.slice(0, rank)).entries()) {
      const image = Float64Array.from({ length: whole.rows }, (_, row) =>
        direction.reduce((sum, x, j) => sum + x * (whole.values[row * whole.columns + j] as number), 0),
      );
      expect(Math.hypot(...direction)).toBeCloseTo(1, 12);
      expect(Math.hypot(...image)).toBeCloseTo(values[i] as number, 10);
    }
  });
  it('has the sum, and the inner product with another, without being multiplied out', () => {
    const other = thin(matrix.left.rows, 3, matrix.right.columns, 77, -0.5);
    const sum = whole.values.reduce((a, b) => a + b, 0);
    const { values } = multiplied(other);
    const inner = whole.values.reduce((a, b, i) => a + b * (values[i] as number), 0);
    expect(sumOf(matrix)).toBeCloseTo(sum, 9);
    expect(innerProduct(matrix, other)).toBeCloseTo(inner, 9);
  });
});

it('ends when it is cancelled', async () => {
  await expect(coreOf(thin(2000, 160, 2000, 9), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
});
